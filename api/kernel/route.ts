import type { OpenAPIRoute, RouteConfig, RouteHandler } from '@hono/zod-openapi';
import { z, type ZodType } from 'zod';
import type { ApiEnv } from '../context.ts';
import { takeJsonBody } from './json-body.ts';
import type { Access } from '../middleware/access.ts';

/**
 * A route and its handler, as the app registers them. It has to say who may call it; its JSON body is read after that
 * check, and before any schema sees it.
 */
export function defineRoute<Route extends RouteConfig & Access>(
  route: Route,
  handler: RouteHandler<Route, ApiEnv>,
): { readonly route: Route; readonly handler: RouteHandler<Route, ApiEnv> } & Pick<OpenAPIRoute, 'addRoute'> {
  const media = route.request?.body?.content['application/json'];
  if (!media || !('schema' in media) || !(media.schema instanceof z.ZodType)) return { route, handler };
  return { route: { ...route, middleware: [...route.middleware, takeJsonBody] }, handler };
}

/** A JSON response. */
export function json<Schema extends ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** A JSON body that has to be there. */
export function jsonBody<Schema extends ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}

/** A JSON body that may be left out. */
export function optionalJsonBody<Schema extends ZodType>(schema: Schema) {
  return { required: false, content: { 'application/json': { schema } } } as const;
}
