export type { SellingGate } from './create-product.ts';
export { readProducts } from './products.ts';
export { products } from './schema.ts';
export { CATALOG_EXPORT } from './export.ts';
