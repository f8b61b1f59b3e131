import { hc } from 'hono/client';
import type { AppType } from './app.ts';

export type VezaClient = ReturnType<typeof hc<AppType>>;

/**
 * A typed client of the API: `client.api.v1.marketplace.orders.$post({ json: { items: […] } })`. `token` is the bearer
 * token, or gives it for each request; a program has an `apiKey` instead.
 */
export function createVezaClient(
  baseUrl: string,
  {
    token,
    apiKey,
  }:
    | { token?: string | (() => string | Promise<string>); apiKey?: never }
    | { token?: never; apiKey: string } = {},
): VezaClient {
  return hc<AppType>(baseUrl, {
    headers: async (): Promise<Record<string, string>> => {
      if (apiKey !== undefined) return { 'X-API-Key': apiKey };
      const bearer = typeof token === 'function' ? await token() : token;
      return bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
    },
  });
}
