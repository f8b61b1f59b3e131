import type { Sealed } from '../../domain/kernel/index.ts';

// What a verb takes may stand in a history, where nothing is erased. So verbs take ids, codes, numbers, states and what is
// sealed. Text that is none of these is kept in a row first, and the verb takes the row's id.

declare const SAYS: unique symbol;

/** An id. Any string may be given for one: whoever writes the verb says that it is. */
export type Id = string & { readonly length: number; readonly [SAYS]?: 'an id' };

/** A word of a machine: `ETIMEDOUT`, `HTTP 503`, `psp_unknown_outcome`. Never what a provider or a person wrote. */
export type Code = string & { readonly length: number; readonly [SAYS]?: 'a code' };

/** Fields whose names say that their text is an id, a time, or a code of ISO 4217 and 3166. */
type Named = 'id' | `${string}Id` | `${string}At` | 'currency' | 'country';

type Plain = number | boolean | null | undefined | Sealed;

/** Where in a type free text stands: names of fields, with dots between. `never`: nowhere. */
type FreeTextIn<T, Path extends string> = T extends Plain
  ? never
  : typeof SAYS extends keyof T
    ? never
    : T extends string
      ? string extends T
        ? Path
        : never
      : T extends readonly unknown[]
        ? FreeTextInList<T, Path>
        : T extends object
          ? { [K in keyof T]-?: K extends Named ? never : FreeTextIn<T[K], `${Path}.${K & string}`> }[keyof T]
          : Path;

type FreeTextInList<T extends readonly unknown[], Path extends string> = number extends T['length']
  ? FreeTextIn<T[number], `${Path}[]`>
  : { [K in keyof T]-?: FreeTextIn<T[K], `${Path}.${K & string}`> }[number];

/** The arguments of verbs that are free text, as `verb.argument.field`. */
export type FreeTextOf<Verbs> = {
  [Verb in keyof Verbs]: Verbs[Verb] extends (...args: infer Args) => unknown
    ? FreeTextIn<Args, Verb & string>
    : Verb & string;
}[keyof Verbs];

/** Does not compile where there is any; the error names it. */
export type Impersonal<Verbs, _None extends never> = Verbs;
