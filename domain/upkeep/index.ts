export { UPKEEP_SCHEDULE_ID, upkeepWorkflowId } from './ids.ts';
export {
  SCHEDULED_UPKEEP,
  UPKEEP_PHASES,
  type UpkeepLook,
  type UpkeepPhase,
  type UpkeepProgress,
  type UpkeepReport,
} from './upkeep.ts';
