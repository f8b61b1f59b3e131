import { VezaError } from '../../../domain/errors.ts';
import type { Refund } from './schema.ts';

/** A refund that cannot be taken back now. `passes`: the obstacle ends by itself. */
export class NotReturnable extends VezaError {
  readonly passes: boolean;

  constructor(refund: Pick<Refund, 'status'>, detail: string, { passes = false } = {}) {
    super('refund_not_returnable', detail, { status_now: refund.status });
    this.passes = passes;
  }
}
