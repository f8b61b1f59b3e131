export {
  approveApproval,
  logTelling,
  expireApproval,
  lockApproval,
  refuseEnded,
  rejectApproval,
} from './decide.ts';
export { decidedWith, type Piece, recordDecisions } from './decided-alone.ts';
export { type ApprovalFigure, OPEN_APPROVALS } from './figures.ts';
export { listApprovals, readApproval } from './list.ts';
export { markNotified } from './mark-notified.ts';
export { lockPendingApproval, requestApproval } from './request.ts';
export type { Approval } from './schema.ts';
export { APPROVALS_WORK } from './work.ts';
export { APPROVALS_NAMED } from './named.ts';
