import { approveAction } from './approve-action.ts';
import { listApprovals } from './list-approvals.ts';
import { rejectAction } from './reject-action.ts';

/** In the order of the reference page. */
export const APPROVALS_ROUTES = [listApprovals, approveAction, rejectAction] as const;
