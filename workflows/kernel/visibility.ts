import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { formatMoney } from '../../domain/kernel/money.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/kernel/search-attributes.ts';

// What an operator sees of a workflow in Temporal's UI: search attributes for lists, current details for the page.

type Values = { readonly [Name in keyof typeof SEARCH_ATTRIBUTES]?: string | number | Date | null };

/** Changes what lists show. Each call is an event in the history. */
export function show(values: Values): void {
  upsertSearchAttributes(
    Object.entries(values).map(
      ([name, value]) =>
        ({
          key: defineSearchAttributeKey(name, SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES]),
          value,
        }) as SearchAttributePair,
    ),
  );
}

/** Changes what lists show, where it differs from what they show: most of the time it costs no event. */
export function showChanges(values: Values): void {
  const shown = workflowInfo().typedSearchAttributes;
  const changed = Object.entries(values).filter(([name, value]) => {
    const type = SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES];
    return asPlain(shown.get(defineSearchAttributeKey(name, type))) !== asPlain(value);
  });
  if (changed.length > 0) show(Object.fromEntries(changed));
}

const asPlain = (value: unknown): unknown => (value instanceof Date ? value.getTime() : (value ?? null));

/**
 * What a run is about that goes on from another: the engine hands no summary on to it, and its page has none. Lists show the
 * same.
 */
function about(): string | null {
  const { continuedFromExecutionRunId, typedSearchAttributes } = workflowInfo();
  if (continuedFromExecutionRunId === undefined) return null;
  const valueOf = (name: 'VezaPlan' | 'VezaCurrency' | 'VezaSellerId'): string | undefined =>
    typedSearchAttributes.get(defineSearchAttributeKey(name, SEARCH_ATTRIBUTES[name]));
  const amountMinor = typedSearchAttributes.get(
    defineSearchAttributeKey('VezaAmountMinor', SEARCH_ATTRIBUTES.VezaAmountMinor),
  );
  const [plan, currency, sellerId] = [valueOf('VezaPlan'), valueOf('VezaCurrency'), valueOf('VezaSellerId')];
  const words = [
    plan === undefined ? null : `plan ${plan}`,
    amountMinor === undefined || currency === undefined ? null : formatMoney(amountMinor, currency),
    sellerId === undefined ? null : `seller ${sellerId}`,
  ].filter((word) => word !== null);
  return words.length === 0 ? null : words.join(', ');
}

/** Says in Markdown what may be done, then how things stand. Costs no event. */
export function describe(
  actions: readonly string[],
  facts: readonly (readonly [string, string | null])[],
): void {
  const all = [['About', about()] as const, ...facts];
  const lines = all.filter(([, value]) => value !== null).map(([name, value]) => `- **${name}:** ${value}`);
  const todo =
    actions.length > 0
      ? ['**What you can do**', '', ...actions.map((action) => `- ${action}`), '', '**How it stands**', '']
      : [];
  setCurrentDetails([...todo, ...lines].join('\n'));
}
