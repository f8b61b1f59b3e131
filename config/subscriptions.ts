import { z } from 'zod';
import { durationMs } from '../domain/kernel/index.ts';
import { duration, flag, integer } from './schemas.ts';
import { type Env, variable, type Variables } from './variable.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A monthly period has 28 days at least, and the next renewal must find dunning over. */
const DUNNING_LESS_THAN_MS = 27 * DAY_MS;
/** Card networks count what is charged within 30 days, and a renewal and a change may come beside. */
const DUNNING_STEPS_MAX = 10;

const schedule = z
  .string()
  .default('1d,3d,5d')
  .transform((value, context) => {
    const stepsMs = value.split(',').map((part) => durationMs(part.trim()));
    const isRising = stepsMs.every(
      (ms, at) => ms !== undefined && ms > (stepsMs[at - 1] ?? 0) && ms < DUNNING_LESS_THAN_MS,
    );
    if (isRising && stepsMs.length <= DUNNING_STEPS_MAX) return stepsMs.map(Number);
    context.addIssue({
      code: 'custom',
      message: `at most ${DUNNING_STEPS_MAX} rising durations under 27d, such as 1d,3d,5d`,
    });
    return z.NEVER;
  });

const REAL_TIME = 'nothing: billing time is real time in production';

/** Plans, their gate and their charges. Durations are of billing time, but for RECONCILE_INVOICE_STUCK_AFTER. */
export const SUBSCRIPTIONS_VARIABLES = {
  SUBSCRIPTION_WORKER_ENABLED: variable(
    flag('true'),
    'true',
    'whether this worker serves subscriptions and charges cards on file',
  ),
  TEMPORAL_BILLING_TASK_QUEUE: variable(
    z.string().min(1, 'a task queue').default('billing'),
    'billing',
    'task queue of subscriptions, whose charges share SUBSCRIPTION_CHARGE_MAX_RPS',
  ),
  SUBSCRIPTION_PAYMENT_TIMEOUT: variable(
    duration('24h'),
    '24h',
    'how long a subscription waits for its first payment, and an upgrade for the buyer',
  ),
  SUBSCRIPTION_DUNNING: variable(
    schedule,
    '1d,3d,5d',
    'when a refused card is charged again, from the first refusal on; after the last the subscription expires',
  ),
  SUBSCRIPTION_RENEWAL_JITTER: variable(
    duration('10m'),
    '10m',
    'renewals of one moment are spread over this time; a trial ends at its second',
  ),
  SUBSCRIPTION_RENEWAL_GRACE: variable(
    duration('72h'),
    '72h',
    'how long an active subscription keeps its features while the PSP does not answer its renewal',
  ),
  SUBSCRIPTION_QUOTE_TTL: variable(
    duration('10m'),
    '10m',
    'how long the amount of a previewed change is good',
  ),
  SUBSCRIPTION_MIN_CHARGE_MINOR: variable(
    integer(50, 1, 1_000_000),
    '50',
    "least amount of a change's invoice, in the currency's minor unit",
  ),
  SUBSCRIPTION_CHARGE_MAX_RPS: variable(
    integer(20, 1, 100_000),
    '20',
    'calls for subscriptions to the PSP in a second, over all workers',
  ),
  SUBSCRIPTION_PHANTOM_AFTER: variable(
    duration('24h'),
    '24h',
    'age from which a subscription that says it is paid, and is not, is swept',
  ),
  SUBSCRIPTION_GATES_SELLING: variable(
    flag('false'),
    'false',
    'whether creating products asks for a plan that may sell',
  ),
  SUBSCRIPTION_TRIAL_REMINDER: variable(
    duration('3d'),
    '3d',
    'how long before its end a trial is reminded of',
  ),
  SUBSCRIPTION_RENEWAL_REMINDER: variable(
    duration('7d'),
    '7d',
    'how long before its renewal a year is reminded of',
  ),
  SUBSCRIPTION_SUPPORT_CONTACT: variable(
    z.string().min(1, 'an address').default('support@veza.example'),
    'support@veza.example',
    'whom to ask about a subscription without a payment, as its owner reads it',
  ),
  TRIAL_HASH_KEY: variable(
    z.string('32 characters or more').min(32, '32 characters or more'),
    'change-me-to-32-characters-too-or-more',
    'key under which addresses and cards that had a trial are hashed; another one gives everybody a second trial',
    { secret: { minChars: 32 } },
  ),
  INVOICE_SERIES: variable(
    z
      .string()
      .regex(/^[A-Z0-9]{1,12}$/, 'letters A to Z and digits, 12 at most')
      .default('VZ'),
    'VZ',
    'what invoice numbers begin with: VZ-2026-000001',
  ),
  INVOICE_ISSUER: variable(
    z.string().min(1, 'a name and an address').default('Veza'),
    'Veza',
    'who issues invoices: name and address, as the PDF shows them, lines divided by semicolons',
  ),
  RECONCILE_INVOICE_STUCK_AFTER: variable(
    duration('30m'),
    '30m',
    'real time after which a sweep reads a pending payment of an invoice, or a set-up payment, at the PSP',
  ),
  BILLING_TIME_SCALE: variable(
    integer(1, 1, 10_000_000),
    '1',
    'how many times faster billing time runs than the clock; for demo and tests',
    { inProduction: (given) => (given === '1' ? null : REAL_TIME) },
  ),
  BILLING_TIME_START: variable(
    z.iso.datetime({ offset: true, error: 'a time such as 2026-01-31T00:00:00Z' }).optional(),
    '',
    'when billing time begins to run faster; needed with BILLING_TIME_SCALE',
    { inProduction: () => REAL_TIME },
  ),
} as const satisfies Variables;

/** Problems that concern several variables. */
export const subscriptionsProblems = (env: Env): readonly string[] =>
  (env['BILLING_TIME_SCALE'] || '1') !== '1' && !env['BILLING_TIME_START']
    ? ['BILLING_TIME_START: is missing; expected the time at which BILLING_TIME_SCALE begins']
    : [];
