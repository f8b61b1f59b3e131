import { Hono } from 'hono';
import { serveAssets } from './assets.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';
import { answerError } from './errors.ts';
import { notKept, pageHeaders } from './headers.ts';
import { accountsPage, findAccountPage } from './routes/accounts.ts';
import { doAction, showAction } from './routes/act.ts';
import { approvalPage, decide } from './routes/approval.ts';
import { approvalsPage } from './routes/approvals.ts';
import { auditLogPage } from './routes/audit-log.ts';
import { doBulk, showBulk } from './routes/bulk.ts';
import { showLogin, signIn } from './routes/login.ts';
import { signOut } from './routes/logout.ts';
import { notFoundPage } from './routes/not-found.ts';
import { overviewPage } from './routes/overview.ts';
import { peoplePage } from './routes/people.ts';
import { reconcilePage, startReconciliation, sweepPage } from './routes/reconcile.ts';
import { search } from './routes/search.ts';
import { setUpSecondFactor, showSecondFactor } from './routes/second-factor.ts';
import { exceptionPage, resolveException } from './routes/settlement-exception.ts';
import { settlementFilePage } from './routes/settlement-file.ts';
import { settlementFilesPage } from './routes/settlement-files.ts';
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
  const looking: ConsoleDeps = { ...deps, db: deps.reads };
  const app = new Hono<ConsoleEnv>();
  app.onError(answerError(deps));
  app.use(pageHeaders);
  serveAssets(app);
  app.use(notKept);
  app.get('/login', showLogin(deps));
  app.post('/login', signIn(deps));

  app.use(consoleAdmin(deps), ownForms(deps));
  app.post('/logout', signOut(deps));
  app.get('/second-factor', showSecondFactor(deps));
  app.post('/second-factor', setUpSecondFactor(deps));
  app.get('/', overviewPage(looking));
  app.get('/stuck', stuckPage(looking));
  app.get('/story/:kind/:id', storyPage(looking));
  app.get('/search', search(looking));
  app.get('/bulk', showBulk(looking));
  app.post('/bulk', doBulk(deps));
  app.get('/act', showAction(looking));
  app.post('/act', doAction(deps));
  app.get('/approvals', approvalsPage(looking));
  app.get('/approvals/:id', approvalPage(looking));
  app.post('/approvals/:id', decide(deps));
  app.get('/statements', settlementFilesPage(looking));
  app.get('/statements/:id', settlementFilePage(looking));
  app.get('/statement-exceptions/:id', exceptionPage(looking));
  app.post('/statement-exceptions/:id', resolveException(deps));
  app.get('/accounts', accountsPage);
  app.post('/accounts', findAccountPage(looking));
  app.get('/people', peoplePage(looking));
  app.get('/webhooks', webhooksPage(looking));
  app.get('/audit', auditLogPage(looking));
  app.get('/reconcile', reconcilePage());
  app.post('/reconcile', startReconciliation(deps));
  app.get('/reconcile/:id', sweepPage(looking));
  app.all('*', notFoundPage);
  return app;
}
