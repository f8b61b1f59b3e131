import { createLogger } from '../../log.ts';
import { installRuntime } from '../../worker.ts';

/** What processes of ours say during a run: nothing, unless somebody asks. */
export const LOG_LEVEL = (process.env['TEST_LOG_LEVEL'] ?? 'fatal') as 'fatal';

// The SDK's native part is one a process: before a worker or a connection of some file makes one with other settings.
installRuntime(createLogger(LOG_LEVEL));
