import type { z } from 'zod';
import { ACCOUNTS_VARIABLES, accountsProblems } from './config/accounts.ts';
import { APPROVALS_VARIABLES } from './config/approvals.ts';
import { ENCRYPTION_VARIABLES, keyIdProblems, sharedKeyProblems } from './config/encryption.ts';
import { IDENTITY_VARIABLES } from './config/identity.ts';
import { KERNEL_VARIABLES, kernelProblems } from './config/kernel.ts';
import { MARKETPLACE_VARIABLES } from './config/marketplace.ts';
import { OAUTH_VARIABLES, oauthProblems } from './config/oauth.ts';
import { OBSERVE_VARIABLES } from './config/observe.ts';
import { OPERATORS_VARIABLES } from './config/operators.ts';
import { PAYOUTS_VARIABLES } from './config/payouts.ts';
import { exampleProblems, productionProblems } from './config/production.ts';
import { PRIVACY_VARIABLES } from './config/privacy.ts';
import { PROVIDERS_VARIABLES } from './config/providers.ts';
import { RECONCILE_VARIABLES } from './config/reconcile.ts';
import { SIGN_IN_VARIABLES } from './config/sign-in.ts';
import { SIGNING_KEYS_VARIABLES } from './config/signing-keys.ts';
import { STORAGE_VARIABLES, storageProblems } from './config/storage.ts';
import { SUBSCRIPTIONS_VARIABLES, subscriptionsProblems } from './config/subscriptions.ts';
import { UPKEEP_VARIABLES } from './config/upkeep.ts';
import type { Env } from './config/variable.ts';
import { WEBHOOKS_VARIABLES } from './config/webhooks.ts';
import { isProduction } from './domain/kernel/index.ts';

/** Every variable that the processes read: its rule, the value shown in `.env.example`, and its purpose. */
export const VARIABLES = {
  ...KERNEL_VARIABLES,
  ...ENCRYPTION_VARIABLES,
  ...STORAGE_VARIABLES,
  ...OBSERVE_VARIABLES,
  ...ACCOUNTS_VARIABLES,
  ...SIGNING_KEYS_VARIABLES,
  ...IDENTITY_VARIABLES,
  ...SIGN_IN_VARIABLES,
  ...OAUTH_VARIABLES,
  ...PROVIDERS_VARIABLES,
  ...MARKETPLACE_VARIABLES,
  ...PAYOUTS_VARIABLES,
  ...SUBSCRIPTIONS_VARIABLES,
  ...WEBHOOKS_VARIABLES,
  ...RECONCILE_VARIABLES,
  ...UPKEEP_VARIABLES,
  ...PRIVACY_VARIABLES,
  ...APPROVALS_VARIABLES,
  ...OPERATORS_VARIABLES,
};

/** Checks of subjects that concern several variables. */
const PROBLEMS: readonly ((env: Env) => readonly string[])[] = [
  kernelProblems,
  storageProblems,
  accountsProblems,
  oauthProblems,
  subscriptionsProblems,
];

/** Names every variable that is wrong or missing, and what was expected of it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

type Name = keyof typeof VARIABLES;
type Values<Names extends Name> = { readonly [N in Names]: z.output<(typeof VARIABLES)[N]['schema']> };

export type Config = Values<Name>;

/** An empty variable counts as unset. */
function parse<Names extends Name>(env: Env, names: readonly Names[]) {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const name of names) {
    const given = env[name] || undefined;
    const parsed = VARIABLES[name].schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else {
      const expected = parsed.error.issues.map((issue) => issue.message).join(', ');
      problems.push(`${name}: ${given === undefined ? 'is missing; expected' : 'expected'} ${expected}`);
    }
  }
  problems.push(...keyIdProblems(values), ...sharedKeyProblems(values));
  return { values: values as Values<Names>, problems };
}

/** Parses some variables by the same rules, for commands that need no more. Throws a ConfigError. */
export function readVariables<Names extends Name>(env: Env, names: readonly Names[]): Values<Names> {
  const { values, problems } = parse(env, names);
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}

/** Parses the environment. Throws a ConfigError that names each wrong or missing variable. */
export function readConfig(env: Env): Config {
  const { values, problems } = parse(env, Object.keys(VARIABLES) as Name[]);
  problems.push(...(isProduction(env) ? productionProblems : exampleProblems)(env, VARIABLES));
  problems.push(...PROBLEMS.flatMap((problemsIn) => problemsIn(env)));
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}
