import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  TypedSearchAttributes,
} from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../domain/kernel/index.ts';

type Name = keyof typeof SEARCH_ATTRIBUTES;

/** Search attributes as Temporal's SDK wants them, from the plain values. */
export function attributes(values: { readonly [K in Name]?: string | number | Date }): TypedSearchAttributes {
  return new TypedSearchAttributes(
    Object.entries(values).map(
      ([name, value]) =>
        ({
          key: defineSearchAttributeKey(name, SEARCH_ATTRIBUTES[name as Name]),
          value,
        }) as SearchAttributePair,
    ),
  );
}
