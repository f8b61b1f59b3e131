export { readProducts } from './products.ts';
export { products } from './schema.ts';
export { seedCatalog } from './seed-catalog.ts';
