import { defineQuery } from '@temporalio/workflow';
import type { StatementProgress } from '../../domain/settlements/provider-statement.ts';

export const statementProgress = defineQuery<StatementProgress>('progress');
