import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

type Env = Readonly<Record<string, string | undefined>>;

/** The parts of a service that one machine needs to run it without a container; the rest concerns Docker. */
export interface ComposeService {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Reads docker-compose.yml with its variables filled in. Throws where a demanded one is missing. */
export function readComposeFile(path: string, env: Env): ComposeFile {
  const file = parse(readFileSync(path, 'utf8'), { merge: true }) as ComposeFile;
  return filledIn(file, env) as ComposeFile;
}

/** Finds a service by its name. Throws where the file has none of that name. */
export const servicesOf =
  ({ services }: ComposeFile) =>
  (name: string): ComposeService => {
    const found = services[name];
    if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
    return found;
  };

function filledIn(value: unknown, env: Env): unknown {
  if (typeof value === 'string') return interpolate(value, env);
  if (Array.isArray(value)) return value.map((one) => filledIn(one, env));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filledIn(one, env)]));
}

/** The forms of the Compose specification that our file uses: `$$`, `${NAME:?why}`, `${NAME?why}` and `${NAME:-preset}`. */
export function interpolate(text: string, env: Env): string {
  return text.replaceAll(/\$(?:(\$)|\{(\w+)(:[?-]|\?)([^}]*)\}|)/g, (form, dollar, name, mark, rest) => {
    if (dollar !== undefined) return '$';
    if (name === undefined) throw new Error(`not a form that is understood here: ${form} in ${text}`);
    const given = env[String(name)];
    // Without the colon, an empty value is a value.
    if (given || (given !== undefined && mark === '?')) return given;
    if (mark === ':-') return String(rest);
    throw new Error(`${String(name)} is missing: ${String(rest)}`);
  });
}

/** `temporalio/server:1.29.1` → `1.29.1` */
export function versionOf({ image }: Pick<ComposeService, 'image'>): string {
  const version = /:(\d[\w.]*)/.exec(image)?.[1];
  if (version === undefined) throw new Error(`no version in ${image}`);
  return version;
}
