export { readProducts } from './products.ts';
export { products } from './schema.ts';
