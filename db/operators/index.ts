export { type Figures, readFigures, readStuckFigures, type StuckAfterMs } from './figures.ts';
export { findSubject } from './find-subject.ts';
export { type Mentions, readMentions } from './mentions.ts';
export { AGE_ENDS_MS, type OpenMoney, sumOpenMoney } from './open-money.ts';
export { countOutcomes, type OutcomeKind, type Outcomes } from './outcomes.ts';
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
