import type { ErrorEntries } from '../error-entry.ts';

/** Products. */
export const CATALOG_ERRORS = {
  product_not_found: { status: 404, title: 'No such product', retry: false },
  product_inactive: { status: 400, title: 'The product is not for sale', retry: false },
} as const satisfies ErrorEntries;
