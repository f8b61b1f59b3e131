import type { z } from 'zod';

export type Env = Readonly<Record<string, string | undefined>>;

/** A variable of the environment. */
export interface Variable<Schema extends z.ZodType = z.ZodType> extends ProductionRules {
  readonly schema: Schema;
  /** As `.env.example` shows it. */
  readonly example: string;
  /** What it is for. */
  readonly about: string;
}

/** What production asks of a variable beyond its schema. */
interface ProductionRules {
  readonly secret?: SecretRule;
  /** Says what was expected where what is given may not be; null where it may. */
  readonly inProduction?: (given: string) => string | null;
}

/** What has to be hard to guess. */
export interface SecretRule {
  /** Shorter ones are cut off, made up, or guessed; what the providers give out is longer. */
  readonly minChars: number;
  /** May be several, comma-separated; a comma in any other is a part of it. */
  readonly isList?: true;
  readonly what?: 'password';
  /** The secret in what is given, where that is not all of it; undefined where there is none. */
  readonly secretIn?: (given: string) => string | undefined;
}

/** Those of a subject, by name. */
export type Variables = Readonly<Record<string, Variable>>;

/** `example` is the value shown in `.env.example`, `about` says what the variable is for. */
export const variable = <Schema extends z.ZodType>(
  schema: Schema,
  example: string,
  about: string,
  rules: ProductionRules = {},
): Variable<Schema> => ({ schema, example, about, ...rules });
