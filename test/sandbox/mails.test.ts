import { beforeAll, expect, it } from 'vitest';
import { writeMail } from '../../db/accounts/write-mail.ts';
import type { MailText } from '../../domain/mails.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { type MailsPage, startMailsPage } from '../../sandbox/mails.ts';
import { addUser } from '../harness/api.ts';
import { createDatabaseFromTemplate } from '../harness/services.ts';

let database: DatabaseWithSql;
let page: MailsPage;
beforeAll(async () => {
  const own = await createDatabaseFromTemplate();
  database = openWithSql(own.url, { maxConnections: 1 });
  page = await startMailsPage({ port: 0, databaseUrl: own.url });
  return async () => {
    await page.close();
    await database.close();
    await own.drop();
  };
});

const shown = async () => {
  const response = await fetch(page.url);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8']);
  return response.text();
};

it('the page of the embedded stack shows the mails that were written, newest first, and no address', async () => {
  expect(await shown()).toContain('There are none yet');
  const userId = await addUser(database);
  const write = (mail: MailText) =>
    database.db.transaction((tx) => writeMail(tx, { userId, subject: `subscription/1`, ...mail }));
  const params = { plan: 'Premium', ends_at: '2026-12-13T10:00:00.000Z' };
  await write({ kind: 'trial_started', params });
  const renews = { plan: '<script>alert(1)</script>', renews_at: null, cause: 'person' } as const;
  await write({ kind: 'subscription_taken_back', params: renews });

  const text = await shown();
  expect(text).toContain('plan: Premium, ends_at: 2026-12-13T10:00:00.000Z');
  expect(text).toContain('&lt;script&gt;');
  expect(text).not.toContain('<script>');
  expect(text).toContain('renews_at: none');
  expect(text.indexOf('subscription_taken_back')).toBeLessThan(text.indexOf('trial_started'));
  expect(text).toContain(userId);
  expect(text).not.toContain('@people.example');
});
