export { type Figures, readFigures, readStuckFigures, type StuckAfterMs } from './figures.ts';
export { findSubject } from './find-subject.ts';
export { lockMany, type ManyRows } from './lock-many.ts';
export { AGE_ENDS_MS, type OpenMoney, type OpenState, sumOpenMoney } from './open-money.ts';
export { orderOfSubject } from './order-of-subject.ts';
export { countOutcomes, type OutcomeKind, type Outcomes } from './outcomes.ts';
export { type Mentions, type OrderRows, readMentions, readOrderRows, readPayoutRows } from './story-rows.ts';
export {
  listWork,
  PERSON_KINDS,
  STUCK_KINDS,
  sumWork,
  WORK_KINDS,
  type WorkFilter,
  type WorkKind,
  type WorkRow,
  type WorkSum,
} from './work.ts';
