import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import type { BegunStep } from '../../db/privacy/erasing/steps.ts';
import type { PrivacyDeps } from './deps.ts';

const LOOK_AGAIN_MS = 500;

/**
 * Histories at the engine, until it lists none any more. It deletes by itself, a moment after it was asked: where a look finds as
 * many as the one before, the next attempt looks.
 */
export async function eraseHistories(
  { engine }: Pick<PrivacyDeps, 'engine'>,
  { userId }: BegunStep,
): Promise<null> {
  for (let before = Infinity; ;) {
    const listed = await engine.deleteHistories(userId);
    if (listed === 0) return null;
    if (listed >= before)
      throw ApplicationFailure.create({
        type: 'histories_listed',
        message: `${listed} histories are still listed`,
      });
    before = listed;
    await sleep(LOOK_AGAIN_MS);
  }
}
