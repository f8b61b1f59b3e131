import type { Context } from 'hono';
import { assetPath } from './assets.ts';
import type { ConsoleEnv } from './deps.ts';
import { type Content, html, type Html } from './html.ts';
import { formToken } from './session.ts';

/** Where the console's own pages are. */
const PLACES = [
  { path: '/ops', name: 'Overview' },
  { path: '/ops/stuck', name: 'Stuck' },
  { path: '/ops/approvals', name: 'Approvals' },
  { path: '/ops/statements', name: 'Settlement files' },
  { path: '/ops/accounts', name: 'Accounts' },
  { path: '/ops/people', name: 'People' },
  { path: '/ops/webhooks', name: 'Webhooks' },
  { path: '/ops/audit', name: 'Audit log' },
] as const;

export interface Page {
  readonly title: string;
  readonly body: Content;
  /** Whether what it shows changes by itself: with scripts on it is fetched again while somebody looks. */
  readonly isLive?: boolean;
}

const SHORT_ID_LENGTH = 8;

/** The whole document around a page. Without a session there is nothing but the page itself. */
export function document(c: Context<ConsoleEnv>, { title, body, isLive = false }: Page): Html {
  const session = c.get('session') as ConsoleEnv['Variables']['session'] | undefined;
  const here = c.req.path;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Veza operations</title>
        <link rel="stylesheet" href="${assetPath('console.css')}" />
        <link rel="icon" href="${assetPath('icon.svg')}" type="image/svg+xml" />
        ${isLive && html`<script src="${assetPath('console.js')}" defer></script>`}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
          <div class="bar">
            <a class="brand" href="/ops">Veza <span>operations</span></a>
            ${
              session !== undefined &&
              html`<form class="search" role="search" action="/ops/search">
                  <label class="unseen" for="q">Find by any id</label>
                  <input id="q" name="q" type="search" placeholder="Find by any id" autocomplete="off" />
                  <button>Find</button>
                </form>
                <form class="leave" method="post" action="/ops/logout">
                  ${hiddenToken(c)}
                  <span class="who" title="${session.caller.userId}"
                    >${session.caller.userId.slice(-SHORT_ID_LENGTH)}</span
                  >
                  <button class="quiet">Sign out</button>
                </form>`
            }
          </div>
          ${
            session !== undefined &&
            html`<nav class="bar" aria-label="Console">
              ${PLACES.map(
                ({ path, name }) =>
                  html`<a href="${path}" ${isWithin(here, path) ? html`aria-current="page"` : null}
                    >${name}</a
                  >`,
              )}
            </nav>`
          }
        </header>
        <main id="content" tabindex="-1">
          <h1>${title}</h1>
          ${isLive && html`<p id="live" class="live" role="status" hidden></p>`} ${body}
        </main>
        <footer class="bottom">
          <span>Times are in UTC.</span>
          <span>Request <code>${c.var.requestId}</code></span>
        </footer>
      </body>
    </html>`;
}

const isWithin = (here: string, path: string) =>
  path === '/ops' ? here === '/ops' : here === path || here.startsWith(`${path}/`);

/** Goes into each form behind the login. */
export const hiddenToken = (c: Context<ConsoleEnv>): Html =>
  html`<input type="hidden" name="form_token" value="${formToken(c.var.session)}" />`;

/** A part of a live page that is replaced when it has changed; read out when its summary has. */
export const livePart = (id: string, summary: string, content: Content): Html =>
  html`<div id="${id}" data-live data-summary="${summary}">${content}</div>`;
