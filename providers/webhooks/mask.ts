import { replaceEmails } from '../../domain/kernel/index.ts';

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
