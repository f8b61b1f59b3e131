/** The message of work that an operator ended. Their own words are in the audit log, not in Temporal's histories. */
export const GIVEN_UP = 'given up by an operator';
