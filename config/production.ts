import { unguessedChars } from './secret-strength.ts';
import type { Env, SecretRule, Variables } from './variable.ts';

/**
 * What a production configuration (NODE_ENV or APP_ENV is `production`) may not hold, beyond the schema of each variable. A problem
 * names the variable and the reason, never the value. Stripe's test keys are allowed: a staging system runs like
 * production.
 */
export function productionProblems(env: Env, variables: Variables): string[] {
  return Object.entries(variables).flatMap(([name, { secret, example, inProduction }]) => {
    const given = env[name] ?? '';
    if (given === '') return [];
    const fault = secret ? secretFault(given, secret, example) : null;
    const expected = [
      ...(fault === null ? [] : [`a ${secret?.what ?? 'secret'} of your own, ${fault}`]),
      inProduction?.(given) ?? [],
    ].flat();
    return expected.map((what) => `${name}: expected ${what}`);
  });
}

function secretFault(given: string, rule: SecretRule, example: string): string | null {
  const { minChars, secretIn = (part: string) => part } = rule;
  const faults = partsOf(given, rule)
    .filter((part) => part !== '')
    .map(secretIn)
    .filter((secret) => secret !== undefined)
    .map((secret) => faultOf(secret, secretIn(example) ?? '', minChars));
  return faults.find((fault) => fault !== null) ?? null;
}

/** Where the examples may be used as they are. */
const FOR_EXAMPLES: ReadonlySet<string> = new Set(['development', 'test']);

/**
 * Refuses the examples everywhere but in development and tests, also where NODE_ENV was forgotten: everybody knows
 * them.
 */
export function exampleProblems(env: Env, variables: Variables): string[] {
  if (FOR_EXAMPLES.has(env['NODE_ENV'] ?? '')) return [];
  return Object.entries(variables)
    .filter(
      ([name, { secret, example }]) =>
        secret && example !== '' && partsOf(env[name] ?? '', secret).includes(example),
    )
    .map(([name]) => `${name}: expected a value of your own, not the example (NODE_ENV is not development)`);
}

/** During a rotation a list has several secrets, and each of them is accepted, so each is checked. */
const partsOf = (given: string, { isList }: SecretRule) =>
  isList ? given.split(',').map((part) => part.trim()) : [given];

/** A generated secret of our shortest length has more distinct characters; `aaaa…` and `0123` repeated have fewer. */
const DISTINCT_MIN = 6;
/**
 * So many unguessed characters are asked for: a third of the shortest length. Nearly all of a generated secret's
 * count, of a sentence's nearly none.
 */
const UNGUESSED_SHARE = 3;
/** Placeholders that people meant to replace, and the words of the embedded stack and the tests. */
const PLACEHOLDER = /change-?me|example|placeholder|embedded|of-the-tests|your[-_]|x{8}|…/i;

/** What everybody tries first, also twice in a row or with a number behind it. */
const GUESSED = /^(postgres|password|passwd|veza|admin|secret|root|temporal|[-_.!\d])+$/i;

function faultOf(secret: string, example: string, minChars: number): string | null {
  if (secret === example) return 'not the example';
  if (PLACEHOLDER.test(secret)) return 'not a placeholder or one of the embedded stack';
  if (GUESSED.test(secret)) return 'not one that is guessed first';
  if (secret.length < minChars) return `of at least ${minChars} characters`;
  if (new Set(secret).size < DISTINCT_MIN) return 'not a few characters repeated';
  return unguessedChars(secret) < minChars / UNGUESSED_SHARE ? 'not one of words or sequences' : null;
}
