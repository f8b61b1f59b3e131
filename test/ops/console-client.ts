import { expect } from 'vitest';
import { openSession } from '../../db/accounts/index.ts';
import type { Db } from '../../db/client.ts';
import type { Person, World } from '../harness/world.ts';

export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

/** The secret of a session of the console, as if its person had given password and code. */
export async function consoleSecretOf(db: Db, { id: userId }: Pick<Person, 'id'>): Promise<string> {
  const session = { userId, kind: 'console', amr: ['pwd', 'otp'], ttlMs: 30 * 60 * 1000 } as const;
  return (await openSession(db, session)).secret;
}

/** Somebody at the console without a browser: what a page of HTML can do, and what an attacker tries. */
export class Operator {
  readonly #world: World;
  #cookie: string | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  static async signedIn(world: World, person: Pick<Person, 'id'>): Promise<Operator> {
    const operator = new Operator(world);
    operator.#cookie = `veza_ops=${await consoleSecretOf(world.database.db, person)}`;
    return operator;
  }

  get cookie(): string | null {
    return this.#cookie;
  }

  /** By the fields of the login: address, password and code, or a token. */
  signIn(fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Seen> {
    return this.post('/ops/login', { next: '', ...fields }, headers);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Seen> {
    return this.#send(path, { headers });
  }

  post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Seen> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields), headers });
  }

  /** Opens a page and sends its form as it stands, with these fields filled in. */
  async submit(page: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    const shown = await this.get(page);
    expect(shown.status, shown.html).toBe(200);
    const form = formOf(shown.html);
    return this.post(form.action, { ...form.fields, ...fields }, headers);
  }

  async #send(
    path: string,
    init: { method?: string; body?: URLSearchParams; headers: Record<string, string> },
  ): Promise<Seen> {
    const headers = { ...(this.#cookie !== null && { cookie: this.#cookie }), ...init.headers };
    const response = await fetch(`${this.#world.apiUrl}${path}`, { ...init, headers, redirect: 'manual' });
    const [set] = response.headers.getSetCookie();
    const pair = set?.split(';')[0];
    if (pair !== undefined) this.#cookie = pair.endsWith('=') ? null : pair;
    return { status: response.status, headers: response.headers, html: await response.text() };
  }
}

/** The form in the page's content, with what is hidden in it. */
export function formOf(html: string): { readonly action: string; readonly fields: Record<string, string> } {
  const content = html.slice(html.indexOf('<main'));
  const [, action, inner] =
    /<form[^>]*method="post"[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(content) ?? [];
  if (action === undefined || inner === undefined) throw new Error(`there is no form in ${content}`);
  const hidden = inner.matchAll(/<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g);
  return { action, fields: Object.fromEntries([...hidden].map(([, name, value]) => [name, value])) };
}
