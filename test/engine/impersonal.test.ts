import { expect, test } from 'vitest';
import type { Sealed } from '../../domain/kernel/index.ts';
import type { Engine } from '../../engine/port/index.ts';
import type { Code, FreeTextOf, Id } from '../../engine/port/impersonal.ts';

// The compiler judges these: `npm run verify` fails where a type is another one. A list of a union has to name all of it.

type Listed<Union extends string> = [Union] extends [never] ? readonly [] : Readonly<Record<Union, true>>;

interface Personal {
  say(text: string): void;
  greet(userId: Id, name: string): void;
  label(label: { readonly orderId: string; readonly title: string | null }): void;
  deep(ask: { readonly items: readonly { readonly note?: string }[] }): void;
  tags(tags: readonly string[]): void;
  any(thing: unknown): void;
}

interface Impersonal {
  ids(userId: Id, ids: readonly Id[]): void;
  label(label: { readonly id: string; readonly orderId: string; readonly dueAt: string }): void;
  money(amountMinor: number, of: { readonly currency: string; readonly country: string }): void;
  state(status: 'open' | 'closed', phases?: readonly ('one' | 'two')[]): Promise<string>;
  code(code: Code, isOver: boolean | null): void;
  sealed(text: Sealed, of: { readonly name: Sealed }): void;
}

test('a verb that takes free text is named, with the argument and the field', () => {
  const found: Listed<FreeTextOf<Personal>> = {
    'say.0': true,
    'greet.1': true,
    'label.0.title': true,
    'deep.0.items[].note': true,
    'tags.0[]': true,
    'any.0': true,
  };
  expect(Object.keys(found)).toHaveLength(6);
});

test('one that takes ids, times, numbers, states, codes and what is sealed is not', () => {
  const found: Listed<FreeTextOf<Impersonal>> = [];
  const ofOurs: Listed<FreeTextOf<Engine>> = [];
  expect([...found, ...ofOurs]).toEqual([]);
});
