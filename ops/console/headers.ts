import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { ConsoleEnv } from './deps.ts';

/** Pages load our own files alone: nothing inline runs, nothing is framed, and forms go nowhere else. */
export const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // With `no-referrer` a browser hides the origin of our own forms from us too.
  referrerPolicy: 'same-origin',
});

/** What is on a page is for the person who signed in, now. */
export const notKept = createMiddleware<ConsoleEnv>(async (c, next) => {
  c.header('Cache-Control', 'no-store');
  await next();
});
