import { Hono } from 'hono';
import { serveAssets } from './assets.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';
import { answerError } from './errors.ts';
import { notKept, pageHeaders } from './headers.ts';
import { doAction, showAction } from './routes/act.ts';
import { approvalPage, decide } from './routes/approval.ts';
import { approvalsPage } from './routes/approvals.ts';
import { auditPage } from './routes/audit.ts';
import { doBulk, showBulk } from './routes/bulk.ts';
import { showLogin, signIn } from './routes/login.ts';
import { signOut } from './routes/logout.ts';
import { notFoundPage } from './routes/not-found.ts';
import { overviewPage } from './routes/overview.ts';
import { reconcilePage, startReconciliation, sweepPage } from './routes/reconcile.ts';
import { search } from './routes/search.ts';
import { exceptionPage, resolveException } from './routes/statement-exception.ts';
import { statementPage } from './routes/statement.ts';
import { statementsPage } from './routes/statements.ts';
import { storyPage } from './routes/story.ts';
import { stuckPage } from './routes/stuck.ts';
import { webhooksPage } from './routes/webhooks.ts';
import { ownForms } from './same-site.ts';
import { consoleAdmin } from './session.ts';

/**
 * The operators' pages, to be mounted at `/ops` in an app that names requests and logs them. Plain HTML from the server:
 * everything works without scripts, but for parts that update by themselves.
 */
export function createConsole(deps: ConsoleDeps): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.onError(answerError(deps));
  app.use(pageHeaders);
  serveAssets(app);
  app.use(notKept);
  app.get('/login', showLogin);
  app.post('/login', signIn(deps));

  app.use(consoleAdmin(deps), ownForms);
  app.post('/logout', signOut(deps));
  app.get('/', overviewPage(deps));
  app.get('/stuck', stuckPage(deps));
  app.get('/story/:kind/:id', storyPage(deps));
  app.get('/search', search(deps));
  app.get('/bulk', showBulk(deps));
  app.post('/bulk', doBulk(deps));
  app.get('/act', showAction(deps));
  app.post('/act', doAction(deps));
  app.get('/approvals', approvalsPage(deps));
  app.get('/approvals/:id', approvalPage(deps));
  app.post('/approvals/:id', decide(deps));
  app.get('/statements', statementsPage(deps));
  app.get('/statements/:id', statementPage(deps));
  app.get('/statement-exceptions/:id', exceptionPage(deps));
  app.post('/statement-exceptions/:id', resolveException(deps));
  app.get('/webhooks', webhooksPage(deps));
  app.get('/audit', auditPage(deps));
  app.get('/reconcile', reconcilePage());
  app.post('/reconcile', startReconciliation(deps));
  app.get('/reconcile/:id', sweepPage(deps));
  app.all('*', notFoundPage);
  return app;
}
