import { type OpsFlagRow, clearFlag as clear } from '../../db/kernel/index.ts';
import type { Operation } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtFlag } from '../look.ts';

export const clearFlag: Operation<OpsFlagRow, null> = {
  action: 'clear_flag',
  kind: 'flag',
  snapshot: lookAtFlag,
  async act(tx, flagId, act) {
    const flag = await clear(tx, { flagId, ...act, reason: reasonOf(act) });
    return { done: flag, now: { subject: `flag/${flagId}`, status: 'cleared' }, work: null };
  },
  notify: async () => null,
  describeEffect: () => 'It leaves the list: somebody has looked and dealt with it. No money moves.',
};
