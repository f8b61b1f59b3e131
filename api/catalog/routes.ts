import { createProduct } from './create-product.ts';
import { listProducts } from './list-products.ts';

/** In the order of the reference page. */
export const CATALOG_ROUTES = [createProduct, listProducts] as const;
