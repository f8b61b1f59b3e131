import { Gauge, type Registry } from 'prom-client';
import type { Config } from '../config.ts';
import type { Db } from '../db/client.ts';
import { FLAG_KINDS } from '../domain/flags.ts';
import { type Figures, readFigures, readStuckFigures, type StuckAfterMs } from '../db/operators/index.ts';

/** Money may wait for Stripe within the rules; after this time somebody should know. */
const SELLER_SIDE_STUCK_AFTER_MS = 60 * 60_000;
/** They are due for ten minutes when they are counted at all. */
const OVERDUE_STUCK_AFTER_MS = 10 * 60_000;
/** The sweep dispatches older webhooks again. */
const WEBHOOK_STUCK_AFTER_MS = 5 * 60_000;
/** Each is told, also where there is none: alerts compare. */
const SIGN_IN_RESULTS = ['signed_in', 'blocked', 'reused'] as const;
/** A mail server that is back after a restart has taken it by then. */
const MAIL_STUCK_AFTER_MS = 15 * 60_000;
/** Five attempts, a minute doubling between them, are over long before. */
const EXPORT_STUCK_AFTER_MS = 6 * 60 * 60_000;
/** After its last day, of what waits for nothing. */
const DELETION_STUCK_AFTER_MS = 24 * 60 * 60_000;

/** The sweep's own thresholds, so that the figures count what the sweep looks for. */
export const stuckAfterOf = (
  config: Pick<
    Config,
    | 'RECONCILE_ORDER_STUCK_AFTER'
    | 'RECONCILE_REFUND_STUCK_AFTER'
    | 'RECONCILE_REFUND_ORPHAN_AFTER'
    | 'RECONCILE_INVOICE_STUCK_AFTER'
  >,
): StuckAfterMs => ({
  order: config.RECONCILE_ORDER_STUCK_AFTER,
  refund: config.RECONCILE_REFUND_STUCK_AFTER,
  orphan: config.RECONCILE_REFUND_ORPHAN_AFTER,
  transfer: SELLER_SIDE_STUCK_AFTER_MS,
  reversal: SELLER_SIDE_STUCK_AFTER_MS,
  payout: SELLER_SIDE_STUCK_AFTER_MS,
  invoice: config.RECONCILE_INVOICE_STUCK_AFTER,
  subscription: OVERDUE_STUCK_AFTER_MS,
  webhook: WEBHOOK_STUCK_AFTER_MS,
  mail: MAIL_STUCK_AFTER_MS,
  export: EXPORT_STUCK_AFTER_MS,
  deletion: DELETION_STUCK_AFTER_MS,
});

/**
 * How the business stands, as gauges read from the rows, so that each process shows the same. The intervals
 * of sweep and upkeep come from the configuration; beside them one can judge the age of the last ones.
 */
export function createFigureGauges(
  registry: Registry,
  { sweepEveryMs, upkeepEveryMs }: { readonly sweepEveryMs: number; readonly upkeepEveryMs: number },
) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });

  const openRows = gauge('veza_open_rows', 'Rows that have not ended', ['kind', 'status', 'currency']);
  const openAmount = gauge(
    'veza_open_amount_minor',
    'Money in open rows, in the minor unit of its currency',
    ['kind', 'status', 'currency'],
  );
  const oldestOpen = gauge('veza_open_oldest_age_seconds', 'Age of the oldest open row', [
    'kind',
    'status',
    'currency',
  ]);
  const givenUpRows = gauge(
    'veza_permanently_failed_rows',
    'Transfers and reversals that automation gave up on and nobody has taken up again',
    ['kind', 'currency'],
  );
  const givenUpAmount = gauge(
    'veza_permanently_failed_amount_minor',
    'Money in permanently failed rows, in the minor unit of its currency',
    ['kind', 'currency'],
  );
  const pendingRefunds = gauge(
    'veza_refunds_pending',
    'Pending refunds, by how far they got (asking the PSP, accepted by it) and how old they are',
    ['step', 'age'],
  );
  const stuckRows = gauge('veza_stuck_rows', 'Rows that have been open for longer than their threshold', [
    'kind',
  ]);
  const openWebhooks = gauge('veza_webhooks_open', 'Stored webhooks that were not handed on', ['state']);
  const oldestWebhook = gauge(
    'veza_webhooks_open_oldest_age_seconds',
    'Age of the oldest stored webhook that was not handed on',
    ['state'],
  );
  const openApprovals = gauge(
    'veza_approvals_open',
    'Actions that wait for a second admin, or that the engine has not been notified of yet',
    ['state'],
  );
  const openFlags = gauge('veza_ops_flags_open', 'What a person should look at, by kind', ['kind']);
  const liveSubscriptions = gauge('veza_subscriptions', 'Subscriptions that have not ended', [
    'status',
    'plan',
  ]);
  const charges = gauge(
    'veza_invoice_attempts_last_hour',
    'Attempts of the last hour to be paid for an invoice, by how they stand and by the class of a decline',
    ['outcome', 'decline_class'],
  );
  const deferred = gauge(
    'veza_deferred_revenue_minor',
    'What subscribers paid for and have not got yet, in the minor unit of its currency',
    ['currency'],
  );
  const mails = gauge('veza_mails_written_last_hour', 'Mails that were written in the last hour, by kind', [
    'kind',
  ]);
  const openMails = gauge(
    'veza_mails_open',
    'Mails that wait for the mail server, and mails that were given up, by kind and state',
    ['kind', 'state'],
  );
  const signIns = gauge(
    'veza_sign_ins_last_hour',
    'Sign-ins of the last hour, clients that had to wait, and refresh tokens that came twice',
    ['result'],
  );
  const unreadable = gauge(
    'veza_sealed_values_unreadable',
    'Sealed values that do not open, by the key that is missing',
    ['key'],
  );
  const oldestMail = gauge('veza_mail_oldest_waiting_seconds', 'Age of the oldest mail that waits');
  const openExports = gauge('veza_exports_open', 'Exports under way, by state and by how old they are', [
    'state',
    'age',
  ]);
  const openDeletions = gauge(
    'veza_deletions_open',
    'People who leave, by state and by how long they have been in it',
    ['state', 'age'],
  );
  const oldestExport = gauge('veza_export_oldest_age_seconds', 'Age of the oldest export under way');
  const oldestDeletion = gauge(
    'veza_deletion_oldest_waiting_seconds',
    'How long the oldest deletion has waited for money or for an operator',
  );
  const lastSweep = gauge(
    'veza_sweep_last_success_timestamp_seconds',
    'When the last sweep of all phases ended; 0: none has',
  );
  gauge('veza_sweep_interval_seconds', 'How often the sweep is to run').set(sweepEveryMs / 1000);
  const lastUpkeep = gauge(
    'veza_upkeep_last_success_timestamp_seconds',
    'When the last upkeep of all that its schedule asks for ended; 0: none has',
  );
  gauge('veza_upkeep_interval_seconds', 'How often the upkeep is to run').set(upkeepEveryMs / 1000);
  const databaseUp = gauge('veza_database_up', 'Whether these figures could be read: 1 or 0');
  const readSeconds = gauge('veza_figures_read_seconds', 'How long the last reading of these figures took');
  const perRow = [openRows, openAmount, oldestOpen, givenUpRows, givenUpAmount, pendingRefunds, stuckRows];
  const ofSubscriptions = [liveSubscriptions, charges, deferred, mails, openMails, oldestMail, signIns];
  const ofPeople = [unreadable, openExports, openDeletions, oldestExport, oldestDeletion];
  const all = [
    ...perRow,
    ...ofSubscriptions,
    ...ofPeople,
    openWebhooks,
    oldestWebhook,
    openApprovals,
    openFlags,
    lastSweep,
    lastUpkeep,
  ];

  function show(figures: Figures, stuck: Readonly<Record<string, number>>): void {
    for (const one of all) one.reset();
    for (const { kind, status, currency, rows, amountMinor, oldestAgeS } of figures.open) {
      openRows.set({ kind, status, currency }, rows);
      openAmount.set({ kind, status, currency }, amountMinor);
      oldestOpen.set({ kind, status, currency }, oldestAgeS);
    }
    for (const { kind, currency, rows, amountMinor } of figures.givenUp) {
      givenUpRows.set({ kind, currency }, rows);
      givenUpAmount.set({ kind, currency }, amountMinor);
    }
    for (const { step, age, rows } of figures.refundAges) pendingRefunds.set({ step, age }, rows);
    for (const [kind, rows] of Object.entries(stuck)) stuckRows.set({ kind }, rows);
    for (const { state, rows, oldestAgeS } of figures.webhooks) {
      openWebhooks.set({ state }, rows);
      oldestWebhook.set({ state }, oldestAgeS);
    }
    for (const { state, rows } of figures.approvals) openApprovals.set({ state }, rows);
    // Each kind is shown, so that an alert can tell none from a name that is wrong.
    for (const kind of FLAG_KINDS) openFlags.set({ kind }, 0);
    for (const { kind, rows } of figures.flags) openFlags.set({ kind }, rows);
    for (const { status, plan, rows } of figures.subscriptions) liveSubscriptions.set({ status, plan }, rows);
    for (const { outcome, declineClass, rows } of figures.charges)
      charges.set({ outcome, decline_class: declineClass }, rows);
    for (const { currency, amountMinor } of figures.deferred) deferred.set({ currency }, amountMinor);
    for (const { kind, status, rows } of figures.openMails) openMails.set({ kind, state: status }, rows);
    for (const result of SIGN_IN_RESULTS) {
      signIns.set({ result }, figures.signIns.find((one) => one.result === result)?.rows ?? 0);
    }
    // It is told where there is none too.
    unreadable.set({ key: 'person' }, 0);
    for (const { key, rows } of figures.unreadable) unreadable.inc({ key }, rows);
    const waiting = figures.openMails.filter(({ status }) => status === 'queued');
    oldestMail.set(Math.max(0, ...waiting.map(({ age }) => age)));
    for (const { kind, state, age, rows } of figures.people) {
      (kind === 'export' ? openExports : openDeletions).set({ state, age }, rows);
    }
    oldestExport.set(oldestOf(figures, ({ kind }) => kind === 'export'));
    oldestDeletion.set(oldestOf(figures, ({ kind, state }) => kind === 'deletion' && state === 'waiting'));
    for (const { kind, rows } of figures.mails) mails.set({ kind }, rows);
    lastSweep.set((figures.lastSweepAt?.getTime() ?? 0) / 1000);
    lastUpkeep.set((figures.lastUpkeepAt?.getTime() ?? 0) / 1000);
  }

  return {
    /** Reads the figures anew. Without a database none is shown: an old figure would be wrong. */
    async read(db: Db, stuckAfterMs: StuckAfterMs): Promise<void> {
      const startedMs = performance.now();
      try {
        show(await readFigures(db), await readStuckFigures(db, stuckAfterMs));
        databaseUp.set(1);
      } catch {
        for (const one of all) one.reset();
        // A gauge without labels would show 0, which says that none has ever ended.
        lastSweep.remove();
        lastUpkeep.remove();
        databaseUp.set(0);
      }
      readSeconds.set((performance.now() - startedMs) / 1000);
    },
  };
}

/** In seconds; 0: there is none. */
const oldestOf = ({ people }: Figures, isOne: (figure: Figures['people'][number]) => boolean): number =>
  Math.max(0, ...people.filter(isOne).map(({ oldestAgeS }) => oldestAgeS));
