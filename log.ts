import { pino, stdSerializers, type DestinationStream, type Level, type Logger as PinoLogger } from 'pino';
import { maskEmails } from './domain/kernel/index.ts';
import { around } from './observe/context.ts';

export type Logger = PinoLogger;

const HIDDEN = '[hidden]';

/** Fields whose value is never shown, by their name in any spelling: `authorization`, `apiKey`, `client_secret`. */
const SECRET_FIELD =
  /^(authorization|cookie|set-?cookie|passphrase|token|challenge|backup-?codes?|code-?verifier|.*(password|secret|api-?key|(access|refresh|csrf|id|reset|form)-?token|private-?key))$/;
const SECRET_TEXT = /\b(?:sk|rk|snd|whsec|vz_live)_[A-Za-z0-9_]{4,}|\bBearer\s+[\w.~+/-]+=*/g;
/** Words that may hold a token. Each is matched whole, so that none is examined twice. */
const DOTTED_WORD = /[\w.-]+/g;
/** People read a line: a longer text is cut, and its length is named. */
const TEXT_MAX_CHARS = 8_192;
const DEPTH_MAX = 6;

/**
 * One line an event, as JSON on stdout, with the ids of its context (request, workflow, run, attempt, trace). Secrets
 * are hidden and e-mail addresses masked everywhere.
 */
export function createLogger(level: Level | 'silent', destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    mixin: () => around().fields,
    // A line's own fields override those of its context.
    mixinMergeStrategy: (line: object, ids: object) => ({ ...ids, ...line }),
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    // Errors are written out below, after their texts are cleaned.
    serializers: { err: (value: unknown) => value },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => cleanFields(fields, 0),
    },
    hooks: {
      logMethod(this: Logger, args: Parameters<Logger['info']>, method: Logger['info']) {
        method.apply(
          this,
          args.map((arg) => (typeof arg === 'string' ? cleanText(arg) : arg)) as typeof args,
        );
      },
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

function cleanFields(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      SECRET_FIELD.test(
        name
          .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
          .replaceAll('_', '-')
          .toLowerCase(),
      )
        ? HIDDEN
        : clean(value, depth + 1),
    ]),
  );
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth >= DEPTH_MAX) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
  return cleanFields(value instanceof Error ? stdSerializers.err(value) : value, depth);
}

function cleanText(given: string): string {
  const text =
    given.length <= TEXT_MAX_CHARS ? given : `${given.slice(0, TEXT_MAX_CHARS)}… of ${given.length}`;
  const withoutSecrets = text.replace(SECRET_TEXT, HIDDEN).replace(DOTTED_WORD, hideToken);
  return maskEmails(withoutSecrets);
}

/**
 * A JWT: three parts with dots between them, the first of them the JSON of its header. A token that is cut off counts
 * too.
 */
function hideToken(word: string): string {
  const at = word.indexOf('eyJ');
  return at < 0 || !word.includes('.', at) ? word : `${word.slice(0, at)}${HIDDEN}`;
}
