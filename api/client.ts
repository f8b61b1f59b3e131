import { hc } from 'hono/client';
import type { AppType } from './app.ts';

export type VezaClient = ReturnType<typeof hc<AppType>>;

/**
 * A typed client of the API: `client.api.v1.marketplace.orders.$post({ json: { items: […] } })`. `token` is the bearer
 * token, or gives it for each request.
 */
export function createVezaClient(
  baseUrl: string,
  { token }: { token?: string | (() => string | Promise<string>) } = {},
): VezaClient {
  return hc<AppType>(baseUrl, {
    headers: async (): Promise<Record<string, string>> => {
      const bearer = typeof token === 'function' ? await token() : token;
      return bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
    },
  });
}
