export type { SellingGate } from './create-product.ts';
export { CATALOG_CLOSING } from './closing.ts';
export { readProducts } from './products.ts';
export { products } from './schema.ts';
export { CATALOG_EXPORT } from './export.ts';
