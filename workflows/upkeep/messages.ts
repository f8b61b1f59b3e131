import { defineQuery } from '@temporalio/workflow';
import type { UpkeepProgress } from '../../domain/upkeep/upkeep.ts';

export const upkeepProgress = defineQuery<UpkeepProgress>('progress');
