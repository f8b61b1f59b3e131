import { defineQuery } from '@temporalio/workflow';
import type { ReconcileProgress } from '../../domain/reconcile/reconcile.ts';

export const sweepProgress = defineQuery<ReconcileProgress>('progress');
