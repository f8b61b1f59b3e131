/**
 * Why the PSP did not charge a card, in its own words; null where it said nothing. The fields stand in the order in
 * which they are read.
 */
export interface DeclineFacts {
  /** The payment's status: a charge without the buyer that waits for the buyer is a decline. */
  readonly status: string | null;
  /** What the card network advises (`network_details`), e.g. `03`. */
  readonly adviceCode: string | null;
  /** The bank's own answer (`issuer_error_code`), e.g. `51`. */
  readonly issuerCode: string | null;
  /** The word behind `decline_code - ` in the router's texts: Stripe's message is the same for all declines. */
  readonly declineCode: string | null;
  /** The connector's code, or the code with which the router refused to create the payment. */
  readonly errorCode: string | null;
  readonly unifiedCode: string | null;
}

/** `final`: never charged again without the buyer. `retry`: the dunning schedule may ask again. */
export type DeclineClass = 'final' | 'retry';

export interface Decline {
  /** The code that decided, or else the first that was said; null where nothing was said. */
  readonly code: string | null;
  readonly class: DeclineClass;
}

/** The bank wants the buyer, who is not there. */
const WANTS_THE_BUYER = 'requires_customer_action';

type Table = ReadonlyMap<string, DeclineClass>;

const tableOf = (final: string, retry: string): Table =>
  new Map([
    ...final.split(' ').map((code) => [code, 'final'] as const),
    ...retry.split(' ').map((code) => [code, 'retry'] as const),
  ]);

// The one table of declines. What is not in it is `retry`.
const WORDS = tableOf(
  [
    'lost_card stolen_card pickup_card incorrect_number invalid_account expired_card card_not_supported',
    'transaction_not_allowed revocation_of_authorization revocation_of_all_authorizations stop_payment_order',
    'authentication_required highest_risk_level fraudulent',
  ].join(' '),
  'insufficient_funds do_not_honor try_again_later processing_error generic_decline',
);
/** The router's refusals to create a charge: no connector can charge the method, it is another's, or it is gone. */
const REFUSALS: Table = new Map([
  ['IR_16', 'final'],
  ['IR_39', 'final'],
  ['HE_02', 'final'],
]);
/** ISO 8583, with the networks' own additions. */
const ISSUER_CODES = tableOf('04 07 14 15 41 43 46 54 57 R0 R1 R3', '05 51');
const ADVICE_CODES: Table = new Map([
  ['03', 'final'],
  ['21', 'final'],
]);

/**
 * Classes a charge that was declined or refused: the first of its codes that the table knows decides. Only a charge
 * of which it is known that it is over may be classed.
 */
export function classifyDecline(facts: DeclineFacts): Decline {
  if (asWord(facts.status) === WANTS_THE_BUYER) return { code: WANTS_THE_BUYER, class: 'final' };
  const errorCode = facts.errorCode?.trim() ?? null;
  const said: readonly (readonly [string | null, Table])[] = [
    [asTwoDigits(facts.adviceCode), ADVICE_CODES],
    [asTwoDigits(facts.issuerCode), ISSUER_CODES],
    [asWord(facts.declineCode), WORDS],
    [errorCode, REFUSALS],
    [asWord(errorCode), WORDS],
    [asWord(facts.unifiedCode), WORDS],
  ];
  for (const [code, table] of said) {
    const known = code === null ? undefined : table.get(code);
    if (known !== undefined) return { code, class: known };
  }
  return { code: said.find(([code]) => code !== null && code !== '')?.[0] ?? null, class: 'retry' };
}

/** The facts of a charge that the router refused to create, by the code of the refusal. */
export const refusedCharge = (code: string | null): DeclineFacts => ({
  status: null,
  adviceCode: null,
  issuerCode: null,
  declineCode: null,
  errorCode: code,
  unifiedCode: null,
});

const asWord = (said: string | null): string | null => said?.trim().toLowerCase() ?? null;

/** `4` and `04` are one code. */
const asTwoDigits = (said: string | null): string | null =>
  said?.trim().toUpperCase().padStart(2, '0') ?? null;
