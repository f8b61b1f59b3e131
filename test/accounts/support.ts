import { v7 as uuidv7 } from 'uuid';
import { users } from '../../db/accounts/schema.ts';
import type { ApiWorld } from '../harness/api.ts';

export const PASSWORD = 'a quiet harbour at noon';

/** Its hash, as strong as new ones are. */
const HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$0JmQfNkZRppE9swqp09HkA$wxYNiYRIUA6jnXRyMkyvi8x5IdhM6lnak3cUbKybcrQ';

export interface Account {
  readonly id: string;
  readonly email: string;
}

/** Somebody with the password above, whose address was confirmed unless said otherwise. */
export async function addAccount(
  { database }: Pick<ApiWorld, 'database'>,
  set: Partial<typeof users.$inferInsert> = {},
): Promise<Account> {
  const id = uuidv7();
  const email = set.email ?? `${id}@people.example`;
  const account = { id, role: 'user', isVerified: true, passwordHash: HASH } as const;
  await database.db.insert(users).values({ ...account, ...set, email });
  return { id, email };
}

export interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's address; nowhere unless given. */
  readonly ip?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: AnswerBody;
}

/** What the answers of these routes hold; which of it an answer has is what a test looks at. */
export interface AnswerBody {
  readonly code: string;
  readonly session: { readonly id: string };
  readonly user: { readonly id: string; readonly email: string; readonly [name: string]: unknown };
  readonly access_token: string;
  readonly refresh_token: string;
  readonly csrf_token: string;
  readonly data: readonly { readonly id: string; readonly [name: string]: unknown }[];
  readonly two_factor: { readonly challenge: string; readonly methods: readonly string[] };
  readonly backup_codes: readonly string[];
  readonly secret: string;
  readonly [name: string]: unknown;
}

/** One call below /api/v1, as from a connection of `ip`. */
export async function ask(
  { app }: Pick<ApiWorld, 'app'>,
  method: string,
  path: string,
  { body, headers = {}, ip }: Asked = {},
): Promise<Answered> {
  const init = {
    method,
    headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  const incoming = ip === undefined ? undefined : { socket: { remoteAddress: ip } };
  const response = await app.request(`/api/v1${path}`, init, incoming && { incoming });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text === '' ? {} : JSON.parse(text),
  };
}

/** Status and code of a refusal. */
export const refusal = ({ status, body }: Answered) => [status, body.code];

/** Signs somebody in as an app. */
export async function signIn(
  world: ApiWorld,
  { email }: Pick<Account, 'email'>,
  asked: Asked = {},
): Promise<Answered> {
  return ask(world, 'POST', '/auth/login', { ...asked, body: { email, password: PASSWORD } });
}

export const withToken = ({ body }: Answered) => ({ Authorization: `Bearer ${body.access_token}` });

/** The cookies of an answer, as a browser sends them back. */
export const cookiesOf = ({ headers }: Answered): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
