/** What is said of work that an operator ended. Their own words are in the audit log, and out of Temporal's histories. */
export const GIVEN_UP = 'given up by an operator';
