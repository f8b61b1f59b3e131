import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { World } from '../harness/world.ts';
import {
  type AccountCommand,
  ALL,
  factorsOn,
  logins,
  registrations,
  verifications,
} from './account-commands.ts';
import { Life } from './account-life.ts';
import { type Books, byToken } from './accounts.ts';
import { commandsMax, live, type Lives, livesMaxMs } from './lives.ts';

// Random lives of an account, over the real API, database and mail server, against a model of what each call answers and
// which sessions live. After each command the rows must show what the model foretells.

let world: World;
beforeAll(async () => {
  // Mails about what happened are counted as rows: nobody has to send them.
  world = await World.create({ worker: false, env: { TRUSTED_PROXIES: '127.0.0.1' } });
});
afterAll(() => world.close());

/** Each command is followed by a look at all that the model foretells. */
const looked = (at: number, command: AccountCommand): AccountCommand => ({
  ...command,
  toString: () => String(command),
  async run(books, life) {
    await command.run(books, life);
    await life.agree(books, at);
  },
});

const MODEL: Lives<Books, Life, Drawn> = {
  name: 'accounts model',
  seed: 20_330,
  runs: 8,
  drawn: fc.record({
    first: fc.tuple(registrations, verifications, logins),
    // Half of them have a second factor from the beginning, and sign in by it.
    guarded: fc.oneof(fc.constant(null), fc.tuple(factorsOn, logins)),
    commands: fc.array(fc.oneof(...ALL), { minLength: 8, maxLength: commandsMax(20), size: 'max' }),
  }),
  begin: (at) => Life.begin(at),
  commandsOf: ({ first, guarded, commands }) =>
    [...first, ...(guarded ?? []), ...commands].map((one, at) => looked(at, one)),
  async endWell(life, books) {
    for (const session of books.sessions)
      await life.ask(session, 'GET', '/users/me', undefined, byToken(session));
    await life.chainsAreWhole(books);
  },
  calmDown: () => undefined,
};

interface Drawn {
  readonly first: readonly AccountCommand[];
  readonly guarded: readonly AccountCommand[] | null;
  readonly commands: readonly AccountCommand[];
}

test(
  'whatever somebody and their thieves do, in whatever order, each call is answered as the model says, and no other session lives',
  () => live(world, MODEL),
  livesMaxMs(MODEL),
);
