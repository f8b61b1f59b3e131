import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { desc } from 'drizzle-orm';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { mails } from '../db/accounts/schema.ts';
import { openDatabase } from '../db/client.ts';

const SHOWN_MAX = 200;

export interface MailsPage {
  readonly url: string;
  close(): Promise<void>;
}

/** A page of the embedded stack with the mails that are written and that nobody sends here, newest first. */
export async function startMailsPage({
  port,
  databaseUrl,
}: {
  readonly port: number;
  readonly databaseUrl: string;
}): Promise<MailsPage> {
  const database = openDatabase(databaseUrl, { maxConnections: 1 });
  const app = new Hono();
  app.get('/', async (c) => c.html(pageOf(await readNewest(database.db))));
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
      await database.close();
    },
  };
}

const readNewest = (db: ReturnType<typeof openDatabase>['db']) =>
  db.select().from(mails).orderBy(desc(mails.createdAt), desc(mails.id)).limit(SHOWN_MAX);

type Mail = Awaited<ReturnType<typeof readNewest>>[number];

const pageOf = (shown: readonly Mail[]) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="refresh" content="5" />
        <title>Veza: mails</title>
        <style>
          body {
            font:
              15px/1.5 system-ui,
              sans-serif;
            margin: 2rem;
          }
          td,
          th {
            padding: 0.3rem 1rem 0.3rem 0;
            text-align: left;
            vertical-align: top;
          }
        </style>
      </head>
      <body>
        <h1>Mails</h1>
        <p>
          Each is a row that was written with the event that it tells of. Nothing is sent here. The newest
          ${SHOWN_MAX} are shown; times in them are billing time.
        </p>
        ${
          shown.length === 0
            ? html`<p>There are none yet: somebody has to subscribe.</p>`
            : html`<table>
                <thead>
                  <tr>
                    <th>written</th>
                    <th>kind</th>
                    <th>to the person</th>
                    <th>about</th>
                    <th>what it says</th>
                  </tr>
                </thead>
                <tbody>
                  ${shown.map(rowOf)}
                </tbody>
              </table>`
        }
      </body>
    </html>`;

const rowOf = ({ createdAt, kind, userId, subject, params }: Mail) =>
  html`<tr>
    <td>${createdAt.toISOString()}</td>
    <td>${kind}</td>
    <td>${userId}</td>
    <td>${subject}</td>
    <td>
      ${Object.entries(params ?? {})
        .map(([name, value]) => `${name}: ${value ?? 'none'}`)
        .join(', ')}
    </td>
  </tr>`;
