export { APPROVAL_STATUSES } from './approval-machine.ts';
export { isUntold, largest, needsSecondAdmin } from './four-eyes.ts';
