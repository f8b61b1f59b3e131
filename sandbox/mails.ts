import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { CaughtMail, SmtpControl } from '../stand-ins/smtp/control.ts';

const SHOWN_MAX = 200;

export interface MailsPage {
  readonly url: string;
  close(): Promise<void>;
}

/** A page of the embedded stack with the mails that its mail server has taken, newest first, and their links as buttons. */
export async function startMailsPage({
  port,
  control,
}: {
  readonly port: number;
  readonly control: Pick<SmtpControl, 'messages'>;
}): Promise<MailsPage> {
  const app = new Hono();
  app.get('/', (c) => c.html(pageOf(control.messages().slice(-SHOWN_MAX).toReversed())));
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
    },
  };
}

const pageOf = (shown: readonly CaughtMail[]) =>
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
            max-width: 60rem;
          }
          article {
            border-top: 1px solid #ccc;
            padding: 1rem 0;
          }
          pre {
            font: inherit;
            white-space: pre-wrap;
          }
          a {
            display: inline-block;
            margin: 0 0.5rem 0.5rem 0;
            padding: 0.4rem 0.8rem;
            border-radius: 4px;
            background: #1a1a1a;
            color: #fff;
            text-decoration: none;
          }
        </style>
      </head>
      <body>
        <h1>Mails</h1>
        <p>
          The stand-in for a mail server keeps what it takes, and passes nothing on. The newest ${SHOWN_MAX}
          are shown; times in them are billing time.
        </p>
        ${shown.length === 0 ? html`<p>There are none yet: somebody has to register or subscribe.</p>` : shown.map(articleOf)}
      </body>
    </html>`;

const articleOf = ({ receivedAt, to, subject, text, links, attachments }: CaughtMail) =>
  html`<article>
    <h2>${subject}</h2>
    <p>to ${to}, ${receivedAt.toISOString()}</p>
    <pre>${text}</pre>
    ${links.map((link) => html`<a href="${link}">${link}</a>`)}
    ${attachments.map(({ filename, content }) => html`<p>attached: ${filename}, ${content.length} bytes</p>`)}
  </article>`;
