/** A command line that cannot be understood: usage, and exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `npm run ops -- <command>

  seed [--json]                              people and products to try things with, and tokens for them (24 h);
                                             on a seeded database: the same people, fresh tokens
  token --user ID [--role R] [--ttl 24h] [--json]
                                             a bearer token for a user; without --role, the role that the user has

  --help                                     this

Reads DATABASE_URL, JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE from the environment.
Exit codes: 0 done, 1 failed, 2 not understood.
`;
