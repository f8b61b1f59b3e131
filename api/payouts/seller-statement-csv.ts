import type { Db } from '../../db/client.ts';
import {
  readFurtherLines,
  type SellerStatementLine,
  type SellerStatementPage,
  type SellerStatementRange,
} from '../../db/payouts/seller-statement.ts';
import {
  NOTHING,
  SELLER_STATEMENT_PARTS,
  type SellerStatementParts,
} from '../../domain/payouts/seller-statement.ts';
import { Turns } from '../kernel/index.ts';
import { balancesAfter, showLine, showParts } from './seller-statement-view.ts';

/** Lines of one query: some milliseconds, and well below a megabyte on the wire. */
export const CSV_PAGE_LINES = 1_000;

const COLUMNS = [
  ...['at', 'kind', 'currency', 'amount', 'fee', 'net'],
  ...['order_id', 'refund_id', 'transfer_id', 'payout_id', 'transaction_id'],
  ...[...SELLER_STATEMENT_PARTS.map((part) => `${part}_change`), 'balance', ...SELLER_STATEMENT_PARTS],
];

/** Pages that this process reads at a time: other requests come in between, and many readers slow only readers. */
const PAGES_AT_A_TIME = 2;
const turns = new Turns(PAGES_AT_A_TIME);

/**
 * A seller statement as CSV (RFC 4180), page by page as it is read: no connection to the database is held for a slow client.
 * It begins with the opening balances and ends with the closing ones, so that a file that was cut off shows it.
 */
export function streamCsv(
  db: Db,
  range: SellerStatementRange,
  first: SellerStatementPage,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const chunks = writeCsv(db, range, first);
  return new ReadableStream<Uint8Array>({
    async pull(stream) {
      const { done, value } = await chunks.next();
      if (done) stream.close();
      else stream.enqueue(encoder.encode(value));
    },
    async cancel() {
      await chunks.return();
    },
  });
}

async function* writeCsv(
  db: Db,
  range: SellerStatementRange,
  first: SellerStatementPage,
): AsyncGenerator<string, void> {
  const currencies = [...first.closing.keys()];
  yield writeRow(COLUMNS);
  for (const currency of currencies) {
    yield writeBalance('opening', range.from, currency, first.opening.get(currency) ?? NOTHING);
  }
  let balances = first.opening;
  let page: Pick<SellerStatementPage, 'lines' | 'nextAfterId'> = first;
  for (;;) {
    balances = balancesAfter(balances, page.lines);
    yield page.lines.map(writeLine).join('');
    if (page.nextAfterId === null) break;
    const { nextAfterId: afterId } = page;
    page = await turns.take(() => readFurtherLines(db, range, { limit: CSV_PAGE_LINES, afterId }));
  }
  for (const [currency, parts] of balances) yield writeBalance('closing', range.to, currency, parts);
}

/** Fields are ids, numbers and words of ours, so none needs quotes. */
const writeRow = (fields: readonly (string | number | null)[]) =>
  `${fields.map((field) => field ?? '').join(',')}\r\n`;

const inOrder = (parts: SellerStatementParts) => SELLER_STATEMENT_PARTS.map((part) => parts[part]);

function writeLine(line: SellerStatementLine): string {
  const shown = showLine(line);
  return writeRow([
    ...[shown.at, shown.kind, shown.currency, shown.amount, shown.fee, shown.net],
    ...[shown.order_id, shown.refund_id, shown.transfer_id, shown.payout_id],
    shown.transaction_id,
    ...inOrder(line.change),
    shown.balance.total,
    ...inOrder(line.balance),
  ]);
}

function writeBalance(
  kind: 'opening' | 'closing',
  at: Date | null,
  currency: string,
  parts: SellerStatementParts,
) {
  const blank = COLUMNS.slice(3, COLUMNS.indexOf('balance')).map(() => null);
  return writeRow([
    at?.toISOString() ?? null,
    kind,
    currency,
    ...blank,
    showParts(parts).total,
    ...inOrder(parts),
  ]);
}
