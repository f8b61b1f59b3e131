import { z } from 'zod';
import { isPlainText } from '../../domain/kernel/index.ts';
import type { PspCard, PspCardOnFile } from './outcomes.ts';
import { isoTime } from './time.ts';
import { normaliseWord } from './verdicts.ts';

/** The router's ids have 64 characters at most; what is longer, or no row can hold, is read as not said. */
const MAX_CHARS = 255;
const short = z
  .string()
  .trim()
  .min(1)
  .max(MAX_CHARS)
  .refine(isPlainText)
  .nullish()
  .catch(null)
  .transform((text) => text ?? null);
const text = z
  .string()
  .nullish()
  .catch(null)
  .transform((said) => said ?? null);
const part = z
  .union([z.string().regex(/^\d{1,4}$/), z.int().nonnegative()])
  .nullish()
  .catch(null);

const Card = z.object({ last4: short, card_network: short, card_exp_month: part, card_exp_year: part });

/** Every field may be absent, and none of them makes a payment unreadable. */
const Body = z.object({
  status: text,
  amount: z.union([z.number(), z.string()]).nullish().catch(null),
  payment_type: text,
  customer_id: short,
  payment_method_id: short,
  payment_method_status: text,
  payment_method_tokenization_details: z
    .object({ is_eligible_for_mit_payment: z.boolean().nullish().catch(false) })
    .nullish()
    .catch(null),
  fingerprint: short,
  payment_method_data: z
    .object({ card: Card.nullish().catch(null) })
    .nullish()
    .catch(null),
  attempt_count: z.int().positive().catch(1),
  expires_on: text,
  network_details: z.object({ network_advice_code: short }).nullish().catch(null),
  issuer_error_code: short,
  error_reason: text,
  error_message: text,
  error_code: short,
  unified_code: short,
});

/** Reads what a payment's body says of the card; never throws. Source: docs/wire-hyperswitch-recurring.md. */
export function readCardOnFile(body: unknown): PspCardOnFile {
  const said = Body.parse(typeof body === 'object' && body !== null ? body : {});
  const mayBeCharged = said.payment_method_tokenization_details?.is_eligible_for_mit_payment ?? true;
  const isActive = normaliseWord(said.payment_method_status ?? '') === 'active';
  const card = said.payment_method_data?.card;
  const isNoMoney = said.amount === 0 || said.amount === '0';
  return {
    customerId: said.customer_id,
    paymentMethodId: said.payment_method_id,
    isChargeable: said.payment_method_id !== null && isActive && mayBeCharged,
    fingerprint: said.fingerprint,
    card: card === null || card === undefined ? null : readCard(card),
    attemptCount: said.attempt_count,
    isSetup: isNoMoney || normaliseWord(said.payment_type ?? '') === 'setup_mandate',
    expiresAt: isoTime(said.expires_on) ?? null,
    decline: {
      status: said.status,
      adviceCode: said.network_details?.network_advice_code ?? null,
      issuerCode: said.issuer_error_code,
      declineCode: wordOf(said.error_reason) ?? wordOf(said.error_message),
      errorCode: said.error_code,
      unifiedCode: said.unified_code,
    },
  };
}

function readCard({ last4, card_network, card_exp_month, card_exp_year }: z.output<typeof Card>): PspCard {
  const month = Number(card_exp_month ?? Number.NaN);
  const year = Number(card_exp_year ?? Number.NaN);
  return {
    brand: card_network,
    last4,
    expMonth: month >= 1 && month <= 12 ? month : null,
    expYear: year >= 2000 ? year : year < 100 ? 2000 + year : null,
  };
}

/** `message - Your card was declined., decline_code - lost_card` → `lost_card`: so the router words it for Stripe. */
function wordOf(said: string | null): string | null {
  return /decline_code - (\w{1,64})/i.exec(said ?? '')?.[1] ?? null;
}
