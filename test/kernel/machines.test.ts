import { describe, expect, test } from 'vitest';
import { isStatusOf, isTerminal, type Machine, type TransitionCause } from '../../domain/kernel/machine.ts';
import { APPROVAL, canTransition as canApproval } from '../../domain/approvals/approval-machine.ts';
import { canTransition as canDispute, DISPUTE } from '../../domain/marketplace/dispute-machine.ts';
import { canTransition as canOrder, ORDER } from '../../domain/marketplace/order-machine.ts';
import { canTransition as canPayout, PAYOUT } from '../../domain/payouts/payout-machine.ts';
import { canTransition as canRefund, REFUND } from '../../domain/marketplace/refund-machine.ts';
import { canTransition as canReversal, REVERSAL } from '../../domain/marketplace/reversal-machine.ts';
import { canTransition as canTransfer, TRANSFER } from '../../domain/marketplace/transfer-machine.ts';
import { canTransition as canMail, MAIL } from '../../domain/accounts/mail-machine.ts';
import { canTransition as canUser, USER } from '../../domain/accounts/user-machine.ts';
import { canTransition as canDeletion, DELETION } from '../../domain/privacy/deletion-machine.ts';
import { canTransition as canExport, EXPORT } from '../../domain/privacy/export-machine.ts';
import { ATTEMPT, canTransition as canAttempt } from '../../domain/subscriptions/attempt-machine.ts';
import { canTransition as canChange, CHANGE } from '../../domain/subscriptions/change-machine.ts';
import { canTransition as canInvoice, INVOICE } from '../../domain/subscriptions/invoice-machine.ts';
import {
  canTransition as canSubscription,
  SUBSCRIPTION,
} from '../../domain/subscriptions/subscription-machine.ts';

// Every pair of every machine, written out: `=` stays where it is, `Y` automation may, `R` only a reviewed action may,
// `W` that and a dispute that is won after it was lost, `.` nobody may. Rows are where it is, columns where it goes, both in the order of the first line.

type May = (from: string, to: string, by?: TransitionCause) => boolean;

const MACHINES: readonly (readonly [machine: Machine<string>, may: May, table: string])[] = [
  [
    ORDER,
    canOrder,
    `                    pending completed failed refund_pending partially_refunded refunded
     pending               =       Y       Y       .              .                  .
     completed             .       =       .       Y              Y                  Y
     failed                .       .       =       Y              .                  .
     refund_pending        .       Y       Y       =              Y                  Y
     partially_refunded    .       W       .       Y              =                  Y
     refunded              .       W       .       .              W                  =`,
  ],
  [
    REFUND,
    canRefund,
    `            pending succeeded failed returned
     pending       =       Y       Y       .
     succeeded     .       =       .       W
     failed        .       Y       =       .
     returned      .       .       .       =`,
  ],
  [
    TRANSFER,
    canTransfer,
    `                    pending completed failed reversal_pending reversed permanently_failed settled_outside written_off
     pending               =       Y       Y       .              .           .                  .               .
     completed             .       =       .       Y              .           .                  .               .
     failed                .       Y       =       .              .           Y                  .               .
     reversal_pending      .       .       .       =              Y           Y                  .               .
     reversed              .       .       .       .              =           .                  .               .
     permanently_failed    .       .       .       .              .           =                  R               R
     settled_outside       .       .       .       .              .           .                  =               .
     written_off           .       .       .       .              .           .                  R               =`,
  ],
  [
    REVERSAL,
    canReversal,
    `                    pending reversed permanently_failed settled_outside written_off withdrawn
     pending               =       Y       Y                  .               .           .
     reversed              .       =       .                  .               .           .
     permanently_failed    .       .       =                  R               R           W
     settled_outside       .       .       .                  =               .           .
     written_off           .       R       .                  R               =           .
     withdrawn             .       .       .                  .               .           =`,
  ],
  [
    DISPUTE,
    canDispute,
    `            open won lost cancelled
     open          =   Y   Y     Y
     won           Y   =   Y     Y
     lost          Y   Y   =     Y
     cancelled     Y   Y   Y     =`,
  ],
  [
    PAYOUT,
    canPayout,
    `            pending paid failed
     pending       =   Y     Y
     paid          .   =     Y
     failed        .   .     =`,
  ],
  [
    APPROVAL,
    canApproval,
    `            pending approved rejected expired
     pending       =       R        R        Y
     approved      .       =        .        .
     rejected      .       .        =        .
     expired       .       .        .        =`,
  ],
  [
    MAIL,
    canMail,
    `            queued sent refused given_up
     queued    =      Y    Y       Y
     sent      .      =    .       .
     refused   .      .    =       .
     given_up  Y      .    .       =`,
  ],
  [
    USER,
    canUser,
    `            active disabled closing erasing erased
     active        =       Y       Y       .       .
     disabled      Y       =       Y       .       .
     closing       Y       .       =       Y       .
     erasing       .       .       .       =       Y
     erased        .       .       .       .       =`,
  ],
  [
    SUBSCRIPTION,
    canSubscription,
    `                 pending_payment trialing active canceling past_due canceled expired
     pending_payment           =        .       Y        .         .        Y       Y
     trialing                  .        =       Y        .         Y        Y       Y
     active                    .        .       =        Y         Y        Y       Y
     canceling                 .        .       Y        =         .        Y       Y
     past_due                  .        .       Y        .         =        Y       Y
     canceled                  .        .       .        .         .        =       .
     expired                   .        .       .        .         .        .       =`,
  ],
  [
    INVOICE,
    canInvoice,
    `                    open paid partially_refunded refunded void
     open                  =   Y          .             .     Y
     paid                  .   =          Y             Y     .
     partially_refunded    .   W          =             Y     .
     refunded              .   W          W             =     .
     void                  .   .          .             .     =`,
  ],
  [
    ATTEMPT,
    canAttempt,
    `            pending succeeded failed given_back
     pending       =       Y       Y       .
     succeeded     .       =       .       Y
     failed        .       Y       =       .
     given_back    .       .       .       =`,
  ],
  [
    CHANGE,
    canChange,
    `            pending scheduled applied failed replaced
     pending       =       .        Y      Y       .
     scheduled     .       =        Y      .       Y
     applied       .       .        =      .       .
     failed        .       .        .      =       .
     replaced      .       .        .      .       =`,
  ],
  [
    EXPORT,
    canExport,
    `            queued building ready failed expired removed
     queued        =      Y        .     Y      .       .
     building      .      =        Y     Y      .       .
     ready         .      .        =     .      Y       Y
     failed        .      .        .     =      .       .
     expired       .      .        .     .      =       .
     removed       .      .        .     .      .       =`,
  ],
  [
    DELETION,
    canDeletion,
    `            scheduled waiting erasing undone erased
     scheduled      =         Y       Y       Y      .
     waiting        .         =       Y       Y      .
     erasing        .         .       =       .      Y
     undone         .         .       .       =      .
     erased         .         .       .       .      =`,
  ],
];

function pairsOf(table: string): { from: string; to: string; mark: string }[] {
  const [head, ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  if (head === undefined) throw new Error('an empty table');
  return rows.flatMap(([from = '', ...marks]) =>
    head.map((to, column) => ({ from, to, mark: marks[column] ?? '' })),
  );
}

describe.each(MACHINES.map(([machine, may, table]) => ({ name: machine.name, machine, may, table })))(
  'the $name machine',
  ({ machine, may, table }) => {
    const pairs = pairsOf(table);

    test.each(pairs)('$from → $to: $mark', ({ from, to, mark }) => {
      expect(mark).toMatch(/^[=YRW.]$/);
      expect(may(from, to)).toBe(mark === '=' || mark === 'Y');
      if (machine.reviewedTransitions) expect(may(from, to, 'review')).toBe(mark !== '.');
      if (machine.wonBackTransitions) expect(may(from, to, 'won_back')).toBe(['=', 'Y', 'W'].includes(mark));
    });

    test('the table has every pair, and the map every status', () => {
      expect(pairs).toHaveLength(machine.statuses.length ** 2);
      expect(new Set(pairs.map(({ from }) => from))).toEqual(new Set(machine.statuses));
      expect(new Set(Object.keys(machine.transitions))).toEqual(new Set(machine.statuses));
      for (const moves of [
        machine.transitions,
        machine.reviewedTransitions ?? {},
        machine.wonBackTransitions ?? {},
      ]) {
        for (const targets of Object.values(moves))
          for (const target of targets ?? []) expect(machine.statuses).toContain(target);
      }
    });

    test('a terminal status has no way out for automation', () => {
      const wayOut = new Set(pairs.filter(({ mark }) => mark === 'Y').map(({ from }) => from));
      for (const status of machine.statuses) {
        expect(isTerminal(machine, status), status).toBe(!wayOut.has(status));
        if (isTerminal(machine, status)) expect(machine.transitions[status]).toEqual([]);
      }
    });

    test('a status that it does not know goes nowhere, not even to itself', () => {
      for (const status of machine.statuses) {
        expect(may('unheard_of', status)).toBe(false);
        expect(may(status, 'unheard_of')).toBe(false);
      }
      for (const odd of ['unheard_of', '', 'toString', '__proto__', 'constructor']) {
        expect(may(odd, odd)).toBe(false);
        expect(isStatusOf(machine, odd)).toBe(false);
      }
    });

    test('staying is allowed: a repeated step only bumps a counter', () => {
      for (const status of machine.statuses) expect(may(status, status)).toBe(true);
    });
  },
);

test('a transfer has 64 pairs, and no plain move calls off a reversal', () => {
  expect(pairsOf(MACHINES[2]![2])).toHaveLength(64);
  expect(canTransfer('reversal_pending', 'completed')).toBe(false);
});

test('which statuses are terminal', () => {
  const terminals = (machine: Machine<string>) =>
    machine.statuses.filter((status) => isTerminal(machine, status));
  expect(terminals(ORDER)).toEqual(['refunded']);
  expect(terminals(REFUND)).toEqual(['succeeded', 'returned']);
  expect(terminals(TRANSFER)).toEqual(['reversed', 'permanently_failed', 'settled_outside', 'written_off']);
  expect(terminals(REVERSAL)).toEqual([
    'reversed',
    'permanently_failed',
    'settled_outside',
    'written_off',
    'withdrawn',
  ]);
  expect(terminals(DISPUTE)).toEqual([]);
  expect(terminals(PAYOUT)).toEqual(['failed']);
  expect(terminals(APPROVAL)).toEqual(['approved', 'rejected', 'expired']);
});
