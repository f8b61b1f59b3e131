import { isRecord } from '../kernel/fields.ts';
import { parameterError } from './errors.ts';
import type { Metadata } from './types.ts';

export type Form = { [name: string]: string | Form };

/** `a=1&metadata[order_id]=x&expand[0]=y`: Stripe's nesting of form fields. */
export function parseForm(raw: string): Form {
  const form: Form = {};
  for (const [name, value] of new URLSearchParams(raw)) {
    const [head, ...inner] = name.replaceAll(']', '').split('[');
    let at = form;
    let key = head ?? '';
    for (const next of inner) {
      const nested = at[key];
      const into: Form = isForm(nested) ? nested : {};
      at[key] = into;
      at = into;
      key = next === '' ? String(Object.keys(into).length) : next;
    }
    // defineProperty semantics: a parameter called __proto__ is a parameter.
    Object.defineProperty(at, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return form;
}

function isForm(value: string | Form | undefined): value is Form {
  return isRecord(value);
}

/** Reads parameters as Stripe does; `done()` refuses those that nobody asked for as unknown. */
export class Params {
  readonly #form: Form;
  readonly #known = new Set(['expand']);

  constructor(form: Form) {
    this.#form = form;
  }

  #read(name: string): string | Form | undefined {
    this.#known.add(name);
    return Object.hasOwn(this.#form, name) ? this.#form[name] : undefined;
  }

  text(name: string): string | undefined {
    const value = this.#read(name);
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw parameterError('Invalid string', { param: name });
    return value;
  }

  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw missingParam(name);
    return value;
  }

  /** Money must be positive; Stripe says so with the parameter's own error. */
  amount(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = integer(text, name);
    if (value < 1) {
      const message = 'This value must be greater than or equal to 1.';
      throw parameterError(message, { code: 'parameter_invalid_integer', param: name });
    }
    if (value > 99_999_999_999)
      throw parameterError('Amount must be no more than 99999999999', {
        code: 'amount_too_large',
        param: name,
      });
    return value;
  }

  requiredAmount(name: string): number {
    const value = this.amount(name);
    if (value === undefined) throw missingParam(name);
    return value;
  }

  currency(): string {
    const currency = this.requiredText('currency').toLowerCase();
    if (!/^[a-z]{3}$/.test(currency)) {
      throw parameterError(`Invalid currency: ${currency}`, { param: 'currency' });
    }
    return currency;
  }

  metadata(): Metadata {
    const value = this.#read('metadata');
    if (value === undefined || value === '') return {};
    if (typeof value === 'string') throw parameterError('Invalid hash', { param: 'metadata' });
    const pairs = Object.entries(value).map(([key, text]): [string, string] => {
      if (typeof text !== 'string')
        throw parameterError('Metadata values must be strings', { param: `metadata[${key}]` });
      if (key.length > 40)
        throw parameterError('Metadata keys can be at most 40 characters', { param: 'metadata' });
      if (text.length > 500)
        throw parameterError('Metadata values can be at most 500 characters', { param: `metadata[${key}]` });
      return [key, text];
    });
    if (pairs.length > 50) throw parameterError('Metadata can have at most 50 keys', { param: 'metadata' });
    return Object.fromEntries(pairs.filter(([, text]) => text !== ''));
  }

  hash(name: string): Form | undefined {
    const value = this.#read(name);
    return typeof value === 'string' ? undefined : value;
  }

  raw(name: string): string | Form | undefined {
    return this.#read(name);
  }

  /** Parameters that are accepted and ignored here. */
  ignore(...names: string[]): this {
    for (const name of names) this.#known.add(name);
    return this;
  }

  done(): void {
    const unknown = Object.keys(this.#form).find((name) => !this.#known.has(name));
    if (unknown === undefined) return;
    throw parameterError(`Received unknown parameter: ${unknown}`, {
      code: 'parameter_unknown',
      param: unknown,
    });
  }
}

export function integer(text: string, param: string): number {
  if (!/^-?\d+$/.test(text)) {
    throw parameterError(`Invalid integer: ${text}`, { code: 'parameter_invalid_integer', param });
  }
  return Number(text);
}

function missingParam(name: string): Error {
  return parameterError(`Missing required param: ${name}.`, { code: 'parameter_missing', param: name });
}
