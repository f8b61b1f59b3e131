import { readPage } from './bodies.ts';
import { classifyStripeError, unknown, type ClassifiedError } from './classify.ts';

/** Stripe's largest page. */
const PAGE_ITEMS = 100;

export type Cursor = { limit: number; starting_after?: string };

/**
 * Reads a list to its end, newest first. An unreadable page or item makes the whole outcome unknown: half a list
 * without our transfer would permit a second payment.
 */
export async function listAll<Item>(
  readList: (cursor: Cursor) => Promise<unknown>,
  readItem: (body: unknown) => Item | undefined,
): Promise<{ kind: 'all'; items: Item[] } | ClassifiedError> {
  const items: Item[] = [];
  const seen = new Set<string>();
  let cursor: Cursor = { limit: PAGE_ITEMS };
  for (;;) {
    let body: unknown;
    try {
      body = await readList(cursor);
    } catch (error) {
      return classifyStripeError(error);
    }
    const page = readPage(body);
    if (!page) return unknown('a list with an unexpected body');
    for (const raw of page.items) {
      const item = readItem(raw);
      if (item === undefined) return unknown('a list with an unexpected item');
      items.push(item);
    }
    if (!page.hasMore) return { kind: 'all', items };
    const last = (page.items.at(-1) as { id?: unknown } | undefined)?.id;
    // A server that ignores the cursor would keep us here for ever.
    if (typeof last !== 'string' || seen.has(last)) return unknown('a list that does not end');
    seen.add(last);
    cursor = { limit: PAGE_ITEMS, starting_after: last };
  }
}
