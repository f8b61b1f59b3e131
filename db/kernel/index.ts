export type { ClosingPart } from './closing-part.ts';
export type { OpenMoney } from './open-money.ts';
export { ageS, countedRows, type FigurePart } from './figures.ts';
export { listAuditLog } from './list-audit-log.ts';
export { type Act, writeAuditLog } from './write-audit-log.ts';
export { asynchronousCommit } from './asynchronous-commit.ts';
export { isBeyondCounting } from './beyond-counting.ts';
export { clearFlag } from './clear-flag.ts';
export { clearFlags } from './clear-flags.ts';
export { readClock } from './clock.ts';
export { isCurrent } from './current.ts';
export { readIdempotencyKey } from './idempotency-keys.ts';
export { setIdleLimit } from './idle-limit.ts';
export { keepAnswer } from './keep-answer.ts';
export { keepAsk, readAsk, refuseAsk, takeAsk } from './keep-ask.ts';
export { lockNamed, MissingRow } from './lock.ts';
export { missed } from './missed.ts';
export { listOpenFlags, type OpsFlagRow, readFlag, wasFlagged } from './ops-flags.ts';
export { keyset, type Page, type PageAsk, toPage } from './page.ts';
export { keepPlatformSetting, readPlatformSetting, writePlatformSetting } from './platform-setting.ts';
export { raiseFlag } from './raise-flag.ts';
export { missingMigrations } from './readiness.ts';
export { referrerOf } from './referrer.ts';
export {
  auditAddressesOver,
  forgetRowsOver,
  HAS_ADDRESS,
  isOver,
  listRowsOver,
  removeRowsOver,
  type RowCursor,
  type RowsOver,
} from './rows-over.ts';
export { auditLog, idempotencyKeys, opsFlags, platformSettings } from './schema.ts';
export { type CallAllowance, takeFrom } from './sliding-window.ts';
export { assertTransition, IllegalMove, transitionedOrStale, type TransitionCause } from './stale.ts';
export { writeOne } from './write-one.ts';
export { sqlOnce, writtenOnce } from './written-once.ts';
export { takeSlot } from './take-slot.ts';
export { rowOf, type WorkPart } from './work.ts';
export { among } from './among.ts';
export { KERNEL_NAMED, type NamedRows } from './named.ts';
export {
  asId,
  ABUSE,
  ofThose,
  BOOKS,
  named,
  own,
  type PersonalPart,
  type PersonalTable,
  PROOF_OF_REQUEST,
  TO_ERASED,
  TO_NULL,
} from './personal.ts';
export { byTime, columnsOf, type ExportedRow, type ExportPart } from './export-part.ts';
export { KERNEL_EXPORT } from './export.ts';
