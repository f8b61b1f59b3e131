import type { BadRow, RowKind, RowRead } from '../../domain/settlements/index.ts';
import { minorOf } from '../../domain/kernel/index.ts';
import { type Layout, sameColumn } from './layout.ts';

const OUTWARD: ReadonlySet<RowKind> = new Set<RowKind>(['refund', 'transfer', 'payout', 'dispute']);
const ID_MAX = 255;
const SHOWN_MAX = 60;

/** Reads the rows of one file. It returns what is wrong with a row, and never throws it. */
export function createRowReader(layout: Layout, header: readonly string[]) {
  const { columns } = layout;
  const indexOf = (name: string | null | undefined) =>
    name === null || name === undefined ? -1 : header.findIndex((found) => sameColumn(found, name));
  const at = {
    type: indexOf(columns.type),
    status: indexOf(columns.status),
    ref: indexOf(columns.ref),
    amount: indexOf(columns.amount),
    currency: indexOf(columns.currency),
    at: indexOf(columns.at),
    altRefs: (columns.altRef ?? []).map(indexOf).filter((index) => index >= 0),
    ourRefs: new Map(
      Object.entries(columns.ourRef ?? {}).map(([kind, names]) => [
        kind,
        names.map(indexOf).filter((index) => index >= 0),
      ]),
    ),
    presentedAmount: indexOf(columns.presented?.amount),
    presentedCurrency: indexOf(columns.presented?.currency),
  };

  return (fields: readonly string[]): RowRead => {
    const value = (index: number) => fields[index]?.trim() ?? '';
    const bad = (index: number, expected: string): { readonly bad: BadRow } => ({
      bad: { column: header[index]?.trim() ?? null, expected, found: shown(value(index)) },
    });
    if (fields.length !== header.length) {
      const expected = `${header.length} columns`;
      return { bad: { column: null, expected, found: `${fields.length}` } };
    }
    const type = value(at.type);
    const status = value(at.status);
    const about = { ref: value(at.ref), isNegative: value(at.amount).startsWith('-') };
    const kind = layout.kindOf(type, status, about);
    if (kind === null) return { ignored: (at.status >= 0 ? status : type) || 'without a type' };

    const { ref } = about;
    if (ref === '' || ref.length > ID_MAX || ref.includes('\0')) {
      return bad(at.ref, `an id of at most ${ID_MAX} characters`);
    }
    const currency = (layout.currency ?? value(at.currency)).toUpperCase();
    if (!/^[A-Z]{3}$/.test(currency)) return bad(at.currency, 'an ISO 4217 code such as EUR');
    const grossMinor = amountOf(layout, value(at.amount), currency);
    if (grossMinor === null) return bad(at.amount, `${expectedAmount(layout)} in ${currency}`);
    // Each card that is put on file is a payment of 0 at Hyperswitch; a set-up payment is in no ledger.
    if (grossMinor === 0 && kind === 'payment' && layout.provider === 'hyperswitch')
      return { ignored: 'moves no money' };
    const movedAt = timeOf(value(at.at));
    if (movedAt === null) return bad(at.at, 'a time such as 2026-11-22 10:11:12');

    const sign = layout.signs === 'signed' && OUTWARD.has(kind) ? -1 : 1;
    const common = {
      kind,
      ref,
      altRef: firstFilled(at.altRefs, value),
      ourRef: ourRefOf(firstFilled(at.ourRefs.get(kind) ?? [], value)),
      at: movedAt,
    };
    const theirsMinor = layout.signs === 'signed' ? grossMinor * sign + 0 : Math.abs(grossMinor);
    // Our books hold what the buyer saw; the provider's balance is in the currency that it was converted to.
    const presentedCurrency = value(at.presentedCurrency).toUpperCase();
    if (
      !['payment', 'refund', 'refund_return', 'dispute', 'dispute_return'].includes(kind) ||
      presentedCurrency === ''
    ) {
      return { row: { ...common, amountMinor: theirsMinor, currency } };
    }
    if (!/^[A-Z]{3}$/.test(presentedCurrency))
      return bad(at.presentedCurrency, 'an ISO 4217 code such as EUR');
    const presentedMinor = amountOf(layout, value(at.presentedAmount), presentedCurrency);
    if (presentedMinor === null) {
      return bad(at.presentedAmount, `${expectedAmount(layout)} in ${presentedCurrency}`);
    }
    const amountMinor = Math.abs(presentedMinor) * (theirsMinor < 0 ? -1 : 1);
    return { row: { ...common, amountMinor, currency: presentedCurrency } };
  };
}

export type RowReader = ReturnType<typeof createRowReader>;

const expectedAmount = ({ amounts, decimal }: Layout) =>
  amounts === 'minor' ? 'an integer of minor units' : `a decimal such as 12${decimal}50`;

function amountOf({ amounts, decimal }: Layout, text: string, currency: string): number | null {
  if (amounts === 'major') return minorOf(decimal === ',' ? text.replace(',', '.') : text, currency);
  if (!/^[+-]?\d+$/.test(text)) return null;
  const amountMinor = Number(text);
  return Number.isSafeInteger(amountMinor) ? amountMinor + 0 : null;
}

const firstFilled = (indexes: readonly number[], value: (index: number) => string): string | null =>
  indexes.map(value).find((text) => text !== '' && text.length <= ID_MAX && !text.includes('\0')) ?? null;

/** Hyperswitch gives its connectors the id of an attempt: the payment's id and a number. */
const ourRefOf = (text: string | null) =>
  text?.replace(/^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_\d+$/i, '$1') ?? null;

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(?:Z|UTC|([+-])(\d\d):?(\d\d)(?::00)?)?$/;

function timeOf(text: string): Date | null {
  const found = TIME.exec(text);
  if (found === null) return null;
  const [
    ,
    year,
    month,
    day,
    hour = '0',
    minute = '0',
    second = '0',
    part = '',
    sign,
    offsetHours,
    offsetMinutes,
  ] = found;
  const milliseconds = Number(part.padEnd(3, '0').slice(0, 3));
  const utcMs = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds,
  );
  // 2026-02-31 would silently be a day in March.
  const date = new Date(utcMs);
  if (date.getUTCDate() !== Number(day) || date.getUTCMonth() !== Number(month) - 1) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const offsetMs = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  return new Date(utcMs - (sign === '-' ? -offsetMs : offsetMs));
}

function shown(text: string): string | null {
  if (text === '') return null;
  const plain = text.replaceAll('\0', '\uFFFD');
  return plain.length > SHOWN_MAX ? `${plain.slice(0, SHOWN_MAX)}…` : plain;
}
