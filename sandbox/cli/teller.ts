import { formatMoney } from '../../domain/kernel/money.ts';
import type { PlayedSubscription, Summary } from './summary.ts';

export interface Teller {
  /** A step of the play, as it happens. */
  step(text: string): void;
  /** What an answer or a row said. */
  detail(text: string): void;
  /** What a process printed. */
  aside(text: string): void;
  summary(summary: Summary): void;
}

/** Tells an audience what happens, with the time since the start. */
export function createTeller(out: NodeJS.WriteStream): Teller {
  const startedAtMs = Date.now();
  const write = (mark: string, text: string) => {
    const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(6);
    out.write(`${seconds} s ${mark} ${text}\n`);
  };
  return {
    step: (text) => write('▶', text),
    detail: (text) => write(' ', `  ${text}`),
    aside: (text) => write('·', text),
    summary: ({
      order,
      refund,
      transfers,
      partial_refund: part,
      lost_webhook: lost,
      subscription,
      account,
      audit,
      addresses,
    }) => {
      const lines = [
        '',
        `order     ${order.id}  ${order.status}  ${order.refunded_amount} of ${order.amount} ${order.currency} given back`,
        `refund    ${refund.id}  ${refund.status}`,
        ...transfers.flatMap((transfer) => [
          `transfer  ${transfer.id}  ${transfer.status}  ${transfer.stripe_transfer_id}`,
          ...transfer.reversals.map(
            (reversal) =>
              `reversal  ${reversal.id}  ${reversal.status}  ${reversal.stripe_reversal_id} after ${reversal.retry_count} failed attempts`,
          ),
        ]),
        `refund    ${part.refund.id}  ${part.refund.status}  ${part.refund.amount} of ${part.order.amount} ${part.order.currency}; order ${part.order.status}`,
        `refund    ${lost.refund.id}  ${lost.refund.status}  its webhook was lost; found by ${lost.reconcile.workflow_id}`,
        ...(subscription === null ? [] : subscribed(subscription)),
        `account   ${account.id}  ${account.role}, signed in by ${account.amr.join(' and ')}; a stolen token: ${account.stolen}`,
        `audit     ${audit.invariants.length} invariants checked, ${audit.violations} violations`,
        '',
        `API reference   ${addresses.docs}`,
        `ops console     ${addresses.ops_console}  (sign in as an admin: npm run ops -- seed)`,
        `Temporal's UI   ${addresses.temporal_ui ?? 'of the server you named'}`,
        ...(addresses.mails === null ? [] : [`mails           ${addresses.mails}`]),
        `stand-in PSP    ${addresses.hyperswitch_sandbox}`,
        `stand-in Stripe ${addresses.stripe_sandbox}`,
        '',
      ];
      out.write(lines.join('\n'));
    },
  };
}

const subscribed = ({ id, invoices, declined, mails }: PlayedSubscription) => [
  `subscribed ${id}  ${declined} charges declined, ${mails.length} mails`,
  ...invoices.map(
    ({ number, status, reason, amount, currency }) =>
      `invoice   ${number}  ${status}  ${formatMoney(amount, currency)}, ${reason}`,
  ),
];
