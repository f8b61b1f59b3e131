import type { StatementObserver } from '../db/connections/observer.ts';
import type { Metrics } from './metrics.ts';
import { around } from './context.ts';
import { nameOfError, NO_SPAN, type Tracing } from './spans.ts';

const VERBS = new Set(['select', 'insert', 'update', 'delete']);
const TABLE = /\b(?:from|into|update|join)\s+"?([a-z_][a-z0-9_]*)"?/i;

/**
 * `select refunds`: the verb and the first table, for people. The statement's text is not passed on, and its values
 * never get here.
 */
export function nameStatement(text: string): { operation: string; table: string | undefined } {
  const verb = /^\s*([a-z]+)/i.exec(text)?.[1]?.toLowerCase() ?? '';
  return { operation: VERBS.has(verb) ? verb : 'other', table: TABLE.exec(text)?.[1]?.toLowerCase() };
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
