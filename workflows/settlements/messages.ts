import { defineQuery } from '@temporalio/workflow';
import type { SettlementProgress } from '../../domain/settlements/settlement-file.ts';

export const settlementProgress = defineQuery<SettlementProgress>('progress');
