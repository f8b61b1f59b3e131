/** A command line that cannot be understood: usage, and exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that could not do its work at all, where 1 says that it did and found something: one line, and exit 2. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}

export const USAGE = `npm run ops -- <command>

  seed [--json]                              people and products to try things with, and tokens for them (24 h);
                                             on a seeded database: the same people, fresh tokens
  token --user ID [--role R] [--ttl 24h] [--json]
                                             a bearer token for a user; without --role, the role that the user has
  backfill-transfer-ids [--dry-run] [--json] finds Stripe's ids of transfers that an older system sent; with --dry-run
                                             writes nothing. Goes on without this command, and is joined by the next;
                                             exits 1 where some have no match, 2 where it could not be followed
  reconcile [--drain] [--phase P]… [--json]  looks for what is stuck, a batch a phase, as the schedule does; with --drain
                                             until every row was looked at once. Goes on without this command, and a
                                             drain is joined by the next; exits 1 where refunds were failed, 2 where it
                                             is off or could not be followed. P: stuck_orders, stuck_refunds,
                                             orphan_refunds, lost_work, inbox
  reconcile-statement FILE [--provider P] [--mapping FILE] [--json]
                                             holds a provider's settlement file against our rows, and changes nothing but
                                             the list of exceptions. Killed, it goes on where it was when it is given the
                                             same file; exits 1 while exceptions are open, 2 where it could not run.
                                             P: hyperswitch, stripe
  api-key create --user ID --name N --scope S… [--ttl 90d] [--reads-per-hour N] [--writes-per-hour N]
          list [--user ID]                   keys by which programs call the API: made (and shown that once), listed,
          revoke ID                          revoked; all with [--json]. To make and to revoke ask for --reason WHY and
                                             for who acts, an admin: --actor ID, or OPS_ACTOR. S: read, write, admin

  --help                                     this

Reads DATABASE_URL, JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE from the environment; backfill and sweep read TEMPORAL_* alone,
a statement DATABASE_URL and TEMPORAL_*.
Exit codes: 0 done, 1 failed, 2 not understood.
`;
