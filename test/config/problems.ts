import { ConfigError, readConfig } from '../../config.ts';

/** What is wrong with a configuration, in its own words; nothing where it is good. */
export function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
