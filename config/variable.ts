import type { z } from 'zod';

export type Env = Readonly<Record<string, string | undefined>>;

/** A variable of the environment. */
export interface Variable<Schema extends z.ZodType = z.ZodType> extends ProductionRules {
  readonly schema: Schema;
  /** As `.env.example` shows it. */
  readonly example: string;
  /** Its purpose. */
  readonly about: string;
}

/** What production asks of a variable beyond its schema. */
interface ProductionRules {
  readonly secret?: SecretRule;
  /** Says what was expected where production forbids the given value; null where it is allowed. */
  readonly inProduction?: (given: string) => string | null;
}

/** A rule for a value that has to be hard to guess. */
export interface SecretRule {
  /** Shorter secrets are cut off, made up or guessed; the providers' are longer. */
  readonly minChars: number;
  /** The value may be several secrets, comma-separated; in others a comma is part of the secret. */
  readonly isList?: true;
  readonly what?: 'password';
  /** Takes the secret out of a value that holds more than the secret; undefined where there is none. */
  readonly secretIn?: (given: string) => string | undefined;
}

/** A subject's variables, by name. */
export type Variables = Readonly<Record<string, Variable>>;

/** `example` is the value shown in `.env.example`, `about` says what the variable is for. */
export const variable = <Schema extends z.ZodType>(
  schema: Schema,
  example: string,
  about: string,
  rules: ProductionRules = {},
): Variable<Schema> => ({ schema, example, about, ...rules });
