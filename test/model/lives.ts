import fc from 'fast-check';
import { expect } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import type { World } from '../harness/world.ts';
import type { Command, Told } from './command.ts';
import { told } from './told.ts';

/** FC_SHRINK=1 looks for a shorter sequence: each attempt is a whole life. */
const SHRINKS = process.env['FC_SHRINK'] === '1';
/** FC_GO_ON=1 lives all lives, and fails at the end with what differed in each. */
const GOES_ON = process.env['FC_GO_ON'] === '1';
const LIFE_MAX_MS = 120_000;

export interface Lives<Books extends Told, Life, Drawn> {
  readonly name: string;
  readonly drawn: fc.Arbitrary<Drawn>;
  readonly begin: (world: World, drawn: Drawn) => Promise<{ readonly life: Life; readonly books: Books }>;
  readonly commandsOf: (drawn: Drawn) => readonly Command<Books, Life>[];
  /** What was left open ends, and everything is where it must be. */
  readonly endWell: (life: Life, books: Books) => Promise<void>;
  /** What one life did to the stand-ins is over before the next. */
  readonly calmDown: (world: World) => void;
  /** Another one by FC_SEED; a failure prints the seed and the commands. */
  readonly seed: number;
  /** So many lives; others by FC_RUNS. */
  readonly runs: number;
}

const numberOf = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

/** At the most so many commands are drawn for a life; others by FC_COMMANDS. */
export const commandsMax = (otherwise: number) => numberOf('FC_COMMANDS', otherwise);

/** How long all lives of a model may take, in milliseconds. */
export const livesMaxMs = ({ runs }: { readonly runs: number }) => numberOf('FC_RUNS', runs) * LIFE_MAX_MS;

/** Lives one random life after the other, and tells how many there were. MODEL_TRACE=1 tells each command too; FC_PATH, as a failure prints it, lives that one again. */
export async function live<Books extends Told, Life, Drawn>(
  world: World,
  model: Lives<Books, Life, Drawn>,
): Promise<void> {
  const seed = numberOf('FC_SEED', model.seed);
  let lives = 0;
  const differences: string[] = [];
  /** How often each kind was carried out, over all lives. */
  const carriedOut = new Map<string, number>();
  const startedAtMs = Date.now();
  try {
    await fc.assert(
      fc.asyncProperty(model.drawn, async (drawn) => {
        lives += 1;
        const { life, books } = await model.begin(world, drawn);
        try {
          for (const command of model.commandsOf(drawn)) {
            if (!command.check(books, life)) continue;
            if (process.env['MODEL_TRACE']) console.info(String(command));
            carriedOut.set(command.name, (carriedOut.get(command.name) ?? 0) + 1);
            await command.run(books, life);
          }
          await model.endWell(life, books);
        } catch (error) {
          const words = new Error(told(books, error), { cause: error });
          if (!GOES_ON) throw words;
          differences.push(words.message);
          console.info(`difference ${differences.length}, life ${lives}: ${words.message}`);
        } finally {
          model.calmDown(world);
        }
      }),
      {
        seed,
        numRuns: numberOf('FC_RUNS', model.runs),
        ...(process.env['FC_PATH'] !== undefined && { path: process.env['FC_PATH'] }),
        endOnFailure: !SHRINKS,
        includeErrorInReport: true,
      },
    );
    expect(differences).toEqual([]);
    await expectAgreement(world);
  } finally {
    const commands = [...carriedOut.values()].reduce((sum, one) => sum + one, 0);
    const seconds = Math.round((Date.now() - startedAtMs) / 1_000);
    console.info(
      `${model.name}: seed ${seed}, ${lives} sequences, ${commands} commands, ${seconds} s`,
      Object.fromEntries(carriedOut),
    );
  }
}
