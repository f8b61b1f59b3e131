import { adoptProviderRefund } from '../../db/marketplace/refunds/adopt-provider-refund.ts';
import { noteExists, type RefundAsk, unaskRefund } from '../../db/marketplace/refunds/ask.ts';
import { recordExternalRefund } from '../../db/marketplace/refunds/record-external-refund.ts';
import { isOf, paymentOf } from '../../db/marketplace/purchase.ts';
import { settleCancelledPayment } from '../../db/marketplace/refunds/settle-cancelled.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import type { PaymentRef } from '../../domain/marketplace/purchase.ts';
import { sumMinor } from '../../domain/kernel/index.ts';
import type { PspPayment, PspRefund, PspRefused } from '../../providers/hyperswitch/outcomes.ts';
import { refundVerdict } from '../../providers/hyperswitch/verdicts.ts';
import type { MarketplaceDeps } from './deps.ts';
import { followUp } from './follow-up.ts';
import { factOf } from './orders.ts';
import { refundEvent } from '../../providers/webhooks/as-event.ts';
import { retryLater } from '../kernel/index.ts';

export type Asked =
  /** The PSP has it; its webhook will say how it ended. */
  | { readonly accepted: true }
  | { readonly refusedBecause: string }
  /** The row needs no asking: it has ended, or the PSP has it already. */
  | { readonly accepted: false }
  /** An operator has stopped the asking. */
  | { readonly givenUp: true };

/** Judges a refusal when a look does not find the refund: the PSP's read side may be behind its write side. */
export function createRefusalJudge({ db, engine, psp, inbox, purchases, settings, log }: MarketplaceDeps) {
  const unknown = (reason: string) => retryLater('psp_unknown_outcome', reason, settings.psp);

  async function accept(refundId: string, found: PspRefund): Promise<Asked> {
    if (refundVerdict(found.status) === 'failed') {
      return { refusedBecause: found.errorMessage ?? found.errorCode ?? 'the PSP refused the refund' };
    }
    await adoptProviderRefund(db, refundId, found.refundId);
    return { accepted: true };
  }

  /** All refunds of the payment at the PSP; throws where it does not say. */
  async function listAll(paymentId: string): Promise<PspRefund[]> {
    const listed = await psp.listRefunds(paymentId);
    if (listed.kind === 'refunds') return listed.refunds;
    if (listed.kind === 'not_found') return [];
    throw unknown("the PSP refused, and the payment's refunds could not be listed");
  }

  async function readPayment(paymentId: string): Promise<PspPayment> {
    const read = await psp.readPayment(paymentId);
    if (read.kind === 'payment') return read.payment;
    throw unknown('the PSP refused, and the payment could not be read');
  }

  /**
   * Refunds of its payment that the PSP has beside this one: those made in its dashboard are booked, and reports about ours are
   * passed on.
   */
  async function bookOthers(of: PaymentRef, others: readonly PspRefund[]): Promise<void> {
    const rows = await db.select().from(refunds).where(isOf(refunds, of));
    for (const other of others) {
      const verdict = refundVerdict(other.status);
      const row = rows.find(
        ({ id, hyperswitchRefundId }) => id === other.refundId || hyperswitchRefundId === other.refundId,
      );
      if (verdict === 'waiting' || row?.status === verdict || row?.status === 'returned') continue;
      if (row !== undefined) {
        await inbox.dispatch(refundEvent(other));
      } else if (verdict === 'succeeded') {
        const { refundId: providerRefundId, amountMinor, currency, updatedAt } = other;
        const saidAt = updatedAt === null ? {} : { saidAt: updatedAt };
        const outside = { providerRefundId, amountMinor, currency, ...saidAt };
        const booked = await recordExternalRefund(db, of, outside, purchases);
        await followUp(engine, booked);
        log.warn(
          { [`${of.kind}Id`]: of.id, providerRefundId },
          "a refund made in the PSP's dashboard was found and booked",
        );
      }
    }
  }

  /**
   * Believes a refusal at once where no earlier call may have made the refund, or once the read side has had its
   * time; never where the PSP itself said that it has the refund. `isExplained`: an earlier IR_13 does not count any
   * more.
   */
  function believe({ refund, mayExistSince }: RefundAsk, message: string, isExplained = false): Asked {
    const isOver = mayExistSince === null || Date.now() - mayExistSince.getTime() > settings.pspReadLagMs;
    const exists = refund.existsBy === 'HE_01' || (refund.existsBy !== null && !isExplained);
    if (isOver && !exists) return { refusedBecause: message };
    throw unknown(
      `the PSP refused (${message}), and may have carried out an earlier call that it does not show yet`,
    );
  }

  async function judgeUsedUp(ask: RefundAsk, refused: PspRefused): Promise<Asked> {
    const { refund, paymentId, mayExistSince } = ask;
    const listed = await listAll(paymentId);
    const ours = listed.find((one) => one.refundId === refund.id);
    await bookOthers(
      { ...paymentOf(refund), paymentId },
      listed.filter((one) => one !== ours),
    );
    if (ours !== undefined) return accept(refund.id, ours);
    if (refused.tells === 'count_used_up' || mayExistSince === null) return believe(ask, refused.message);
    const payment = await readPayment(paymentId);
    const capturedMinor = payment.amountReceivedMinor ?? payment.amountMinor;
    const othersMinor = sumMinor(
      listed.filter((one) => refundVerdict(one.status) !== 'failed').map((one) => one.amountMinor),
    );
    // The PSP gives back no more than it captured: if the other refunds stand, there is no room for ours.
    if (othersMinor + refund.amountMinor > capturedMinor) return believe(ask, refused.message, true);
    await noteExists(db, refund.id, 'IR_13');
    throw unknown(
      `the PSP refused (${refused.message}), and shows nothing that explains it: ours may be there`,
    );
  }

  /** A payment that was cancelled after its capture has gone back whole, and its webhook may be lost. */
  async function judgeState(ask: RefundAsk, refused: PspRefused): Promise<Asked> {
    const { refund, paymentId } = ask;
    const fact = factOf(await readPayment(paymentId));
    if (typeof fact === 'object' && fact.verdict === 'cancelled_post_capture') {
      const settled = await settleCancelledPayment(db, paymentOf(refund), purchases);
      if (settled !== null) await followUp(engine, settled);
    }
    return believe(ask, refused.message);
  }

  async function judgeRefusal(ask: RefundAsk, refused: PspRefused): Promise<Asked> {
    const { refund, mayExistSince } = ask;
    await unaskRefund(db, refund.id, mayExistSince);
    switch (refused.tells) {
      case 'exists':
        await noteExists(db, refund.id, 'HE_01');
        throw unknown(`the PSP has the refund (${refused.message}), and does not show it yet`);
      case 'amount_used_up':
      case 'count_used_up':
        return judgeUsedUp(ask, refused);
      case 'state':
        return judgeState(ask, refused);
      case 'nothing':
        return believe(ask, refused.message);
    }
  }

  return { accept, judgeRefusal, bookOthers };
}
