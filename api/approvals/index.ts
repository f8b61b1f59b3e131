export { Approval, showApproval } from './approval-view.ts';
export { AWAITS, Awaits, operate, operationsOf } from './operate.ts';
export { doneOrAwaits, operatorRoute, startedOrAwaits } from './operator-route.ts';
export { actOnce } from './operator-key.ts';
