import type { StatementObserver } from '../db/connections/observer.ts';
import type { Metrics } from './metrics.ts';
import { around } from './context.ts';
import { nameOfError, NO_SPAN, type Tracing } from './spans.ts';

const VERBS = new Set(['select', 'insert', 'update', 'delete']);
const VERB = /^\s*(?:with\s+\w+\s+as\s*\(\s*)?([a-z]+)/i;
const TABLE = /\b(?:from|into|update|join)\s+"?([a-z_][a-z0-9_]*)"?/i;

interface StatementName {
  readonly operation: string;
  readonly table: string | undefined;
}

/** Names that are kept by their texts, at most: lists of any length make texts without end. */
const KEPT_MAX = 1_000;
const kept = new Map<string, StatementName>();

/**
 * `select refunds`: the verb and the first table, for people; of a statement that begins with `WITH`, those of its first
 * part. The statement's text is not passed on, and its values never get here.
 */
export function nameStatement(text: string): StatementName {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const verb = VERB.exec(text)?.[1]?.toLowerCase() ?? '';
  const name = {
    operation: VERBS.has(verb) ? verb : 'other',
    table: TABLE.exec(text)?.[1]?.toLowerCase(),
  };
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(text, name);
  return name;
}

/** Times each statement and the waits of transactions; where traces are on, each statement gets a span. */
export function observeStatements(metrics: Metrics, tracing: Tracing): StatementObserver {
  return {
    statement(text) {
      const { operation, table } = nameStatement(text);
      // Polls and figures belong to no request: a trace for each of their statements would bury the others.
      const isAsked = around().origin.traceparent !== undefined;
      const span = !isAsked
        ? NO_SPAN
        : tracing.start({
            name: table === undefined ? operation : `${operation} ${table}`,
            kind: 'client',
            attributes: {
              'db.system.name': 'postgresql',
              'db.operation.name': operation,
              ...(table !== undefined && { 'db.collection.name': table }),
            },
          });
      const stop = metrics.statements.startTimer({ operation });
      return (error) => {
        stop({ outcome: error === undefined ? 'ok' : 'error' });
        span.end(error === undefined ? undefined : nameOfError(error));
      };
    },

    transaction() {
      const waited = metrics.transactionWaits.startTimer();
      metrics.transactionsWaiting.inc();
      let isOpen = false;
      return {
        begun() {
          isOpen = true;
          waited();
          metrics.transactionsWaiting.dec();
          metrics.transactionsOpen.inc();
        },
        ended: () => (isOpen ? metrics.transactionsOpen : metrics.transactionsWaiting).dec(),
      };
    },
  };
}
