import { raiseFlag } from '../../db/kernel/raise-flag.ts';
import type { KernelDeps } from './deps.ts';

export function createSignalActivities({ db, log }: KernelDeps) {
  return {
    /** Puts a signal that no handler took on the operators' list: its webhook was answered 200 already. */
    async recordStraySignal(workflowId: string, name: string): Promise<void> {
      log.error({ workflowId, signal: name }, 'a signal found no handler');
      await raiseFlag(db, 'unknown_signal', workflowId, `The signal ${name} found no handler`);
    },
  };
}
