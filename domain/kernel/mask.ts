import { replaceEmails } from './emails.ts';

const MASK = '***';

/** Deeper than any provider sends; a body that is all brackets must not exhaust the stack. */
const DEPTH_MAX = 64;

/** A field is personal if one of its words is among these: `card_exp_month`, `billingAddress`, `customer_id`. */
const PERSONAL_WORDS: ReadonlySet<string> = new Set(
  [
    'email mail name names phone telephone mobile card address addresses billing shipping customer',
    'dob birthday birthdate ssn iban bic last4 fingerprint ip vat passport signature password owner holder individual person',
  ].flatMap((words) => words.split(' ')),
);

/** Personal fields whose single words are not personal. */
const PERSONAL_KEYS: ReadonlySet<string> = new Set(
  'account_number routing_number id_number tax_id date_of_birth sort_code browser_info client_secret'.split(
    ' ',
  ),
);

/**
 * A copy of a stored webhook body for people to read: personal data (e-mail, name, phone, card, address, billing,
 * customer and their like, whole sub-objects included) and e-mail addresses inside text are replaced by `***`. Ids,
 * amounts, currencies and statuses stay. It rather masks too much than too little, and never throws on JSON.
 */
export function maskPersonalData(json: unknown): unknown {
  return mask(json, 0);
}

function mask(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return replaceEmails(value, () => MASK);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return MASK;
  if (Array.isArray(value)) return value.map((item) => mask(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      const hidden = field !== null && isPersonal(key);
      return [key, hidden ? MASK : mask(field, depth + 1)];
    }),
  );
}

function isPersonal(key: string): boolean {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  return PERSONAL_KEYS.has(words.join('_')) || words.some((word) => PERSONAL_WORDS.has(word));
}

/** Fields whose words are a machine's, beside ids, times and amounts. */
const KEPT_FIELDS: ReadonlySet<string> = new Set(
  [
    'id object type event_type status currency stage connector api_version livemode mode',
    'payment_type payment_method payment_method_type payment_method_status capture_method dispute_status dispute_stage',
    'error_code unified_code issuer_error_code decline_code failure_code network_advice_code disabled_reason',
    'transfers currently_due eventually_due past_due pending_verification',
    'created updated timestamp expires_on amount destination source_transaction transfer_group account',
  ].flatMap((words) => words.split(' ')),
);
const KEPT_ENDINGS = /_(?:id|at|amount)$|^amount_/;
/** Neither a sentence nor an address. */
const MACHINE_WORD = /^[\w.:+/-]{1,255}$/;
/** Whatever the field: a uuid, or an id as Stripe and the PSP write theirs. */
const IS_ID =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[a-z]{2,6}_[A-Za-z0-9]{8,250})$/;

/**
 * What is kept of JSON once nobody may read it again: ids, times, amounts, numbers, statuses and codes, by a list of fields.
 * All other text is replaced by `***`, whatever it says. A webhook's body that was masked so is read as before where money
 * is decided. Masking twice changes nothing.
 */
export const maskForGood = (json: unknown): unknown => keep(json, '', 0);

/** The same for text that holds JSON; what is none is masked whole. */
export function maskTextForGood(text: string): string {
  try {
    return JSON.stringify(maskForGood(JSON.parse(text)));
  } catch {
    return JSON.stringify(MASK);
  }
}

function keep(value: unknown, field: string, depth: number): unknown {
  if (typeof value === 'string') return isKept(field, value) ? value : MASK;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return MASK;
  if (Array.isArray(value)) return value.map((item) => keep(item, field, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      // The PSP's name of our user is an id, as ours.
      const hidden = item !== null && key !== 'customer_id' && isPersonal(key);
      return [MACHINE_WORD.test(key) ? key : MASK, hidden ? MASK : keep(item, key, depth + 1)];
    }),
  );
}

const isKept = (field: string, text: string) =>
  IS_ID.test(text) || (MACHINE_WORD.test(text) && (KEPT_FIELDS.has(field) || KEPT_ENDINGS.test(field)));
