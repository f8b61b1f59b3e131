import fc from 'fast-check';
import { many } from './command.ts';
import * as deeds from './subscription-deeds.ts';
import { OF_OPERATORS } from './subscription-operator-commands.ts';
import * as outside from './subscription-outside.ts';
import {
  attemptsBy,
  card,
  command,
  cycle,
  hookTrouble,
  invoicesBy,
  isCharged,
  isRoomFor,
  live,
  pick,
  plan,
  type SubscriptionCommand,
  trouble,
} from './subscription-picks.ts';
import { type Card, CARDS, dueOf, isPaid } from './subscriptions.ts';

// What may happen to somebody's subscriptions, as fast-check draws and shrinks it.

const trial = fc.nat(3).map((n) => n === 0);
export const subscribes = fc.record({ plan, cycle, trial, at: pick, trouble }).map((args) =>
  command(
    'subscribe',
    args,
    (books) => (isRoomFor(books, args.at) ? books : null),
    (life, books) => deeds.subscribe(life, books, args),
  ),
);

export const payments = fc
  .record({
    how: fc.oneof(
      { weight: 5, arbitrary: fc.constant('pays' as const) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          'pays, card not kept' as const,
          'other amount' as const,
          'declined' as const,
        ),
      },
    ),
    card,
    trouble: hookTrouble,
  })
  .map((args) =>
    command(
      'pay',
      args,
      (books) => deeds.waitingOf(books),
      (life, books, target) => deeds.pay(life, books, target, args),
    ),
  );

const inPerson = fc.record({ trouble }).map((args) =>
  command(
    'pay in person',
    args,
    (books) => live(books),
    (life, books) => deeds.payInPerson(life, books, args),
  ),
);
const isAskedTwice = fc.nat(4).map((n) => n === 0);
const cancels = fc.record({ isAskedTwice, trouble: hookTrouble }).map((args) =>
  command(
    'cancel',
    args,
    (books) => live(books),
    (life, books) => deeds.cancel(life, books, args),
  ),
);
const reactivations = fc.record({ trouble: hookTrouble }).map((args) =>
  command(
    'reactivate',
    args,
    (books) => live(books),
    (life, books) => deeds.reactivate(life, books, args),
  ),
);
const changes = fc.record({ plan, cycle, isAskedTwice, isPreviewed: fc.boolean(), trouble }).map((args) =>
  command(
    'change',
    args,
    (books) => live(books),
    (life, books) => deeds.change(life, books, args),
  ),
);
const newCards = fc.record({ card, trouble }).map((args) =>
  command(
    'new card',
    args,
    (books) => live(books),
    (life, books) => deeds.newCard(life, books, args),
  ),
);
const banks = fc.record({ says: fc.constantFrom(...(Object.keys(CARDS) as Card[])) }).map((args) =>
  command(
    'the bank says',
    args,
    (books) => live(books, (sub) => sub.card !== null),
    (life, _books, sub) => outside.bankSays(life, sub, args.says),
  ),
);
export const times = fc
  .record({
    share: fc.oneof(
      { weight: 3, arbitrary: fc.constant(1) },
      { weight: 2, arbitrary: fc.constantFrom(0.1, 0.33, 0.5, 0.77) },
    ),
    isProcessed: fc.nat(2).map((n) => n === 0),
    killsWorker: fc.nat(19).map((n) => n === 0),
    trouble,
  })
  .map((args) =>
    command(
      'time passes',
      args,
      (books) => live(books, (sub) => dueOf(sub) !== null),
      (life, books) => outside.timePasses(life, books, args),
    ),
  );
const decisions = fc.record({ at: pick, trouble: hookTrouble }).map((args) =>
  command(
    'the PSP decides',
    args,
    (books) => attemptsBy(books, args.at, isCharged),
    (life, books, target) => outside.decide(life, books, target, args),
  ),
);
const lateSuccesses = fc.record({ at: pick, trouble: hookTrouble }).map((args) =>
  command(
    'late success',
    args,
    (books) => attemptsBy(books, args.at, ({ attempt }) => attempt.status === 'failed' && attempt.atPsp),
    (life, books, target) => outside.lateSuccess(life, books, target, args),
  ),
);
const refunds = fc
  .record({
    at: pick,
    part: fc.option(pick),
    endAccess: fc.boolean(),
    fails: fc.nat(3).map((n) => n === 0),
    trouble,
  })
  .map(({ part, ...args }) =>
    command(
      'refund',
      { ...args, part },
      (books) => invoicesBy(books, args.at, () => true),
      (life, books, target) => {
        const left = outside.leftOf(target.invoice);
        const amount = part === null || left === 0 ? null : 1 + (part % left);
        return outside.refund(life, books, target, { ...args, amount });
      },
    ),
  );
const refundable = ({ invoice }: outside.Paid) =>
  isPaid(invoice) && invoice.dispute === null && outside.leftOf(invoice) > 0;
const externals = fc.record({ at: pick, part: pick, trouble: hookTrouble }).map((args) =>
  command(
    'external refund',
    args,
    (books) => invoicesBy(books, args.at, refundable),
    (life, books, target) =>
      outside.external(life, books, target, {
        trouble: args.trouble,
        amount:
          args.part % 3 === 0
            ? outside.leftOf(target.invoice)
            : 1 + (args.part % outside.leftOf(target.invoice)),
      }),
  ),
);
const disputes = fc.record({ at: pick, part: pick, trouble: hookTrouble }).map((args) =>
  command(
    'dispute',
    args,
    (books) => invoicesBy(books, args.at, (one) => refundable(one) && !one.invoice.lost),
    (life, books, target) =>
      outside.openDispute(life, books, target, {
        trouble: args.trouble,
        amount:
          args.part % 2 === 0
            ? outside.leftOf(target.invoice)
            : 1 + (args.part % outside.leftOf(target.invoice)),
      }),
  ),
);
const disputeEnds = fc
  .record({ at: pick, end: fc.constantFrom('won' as const, 'lost' as const), trouble: hookTrouble })
  .map((args) =>
    command(
      'dispute ends',
      args,
      (books) => invoicesBy(books, args.at, ({ invoice }) => invoice.dispute !== null),
      (life, books, target) => outside.closeDispute(life, books, target, args),
    ),
  );
const lostWorkflows = fc.constant(null).map(() =>
  command(
    'workflow is lost',
    null,
    (books) => live(books),
    (life, books) => outside.loseWorkflow(life, books),
  ),
);
const recognitions = fc.constant(null).map(() =>
  command(
    'revenue is recognised',
    null,
    (books) => books,
    (life, books) => outside.recognise(life, books),
  ),
);

/** Weighted: what leads to other things comes more often. */
export const ALL: fc.Arbitrary<SubscriptionCommand>[] = [
  ...many(5, subscribes),
  ...many(7, payments),
  ...many(16, times),
  ...many(3, inPerson),
  ...many(2, cancels),
  ...many(2, reactivations),
  ...many(6, changes),
  ...many(3, newCards),
  ...many(3, banks),
  ...many(6, decisions),
  ...many(2, lateSuccesses),
  ...many(3, refunds),
  ...many(2, externals),
  ...many(3, disputes),
  ...many(5, disputeEnds),
  ...many(2, recognitions),
  lostWorkflows,
  ...OF_OPERATORS,
];
