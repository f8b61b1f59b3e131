import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { assertPlainText } from './plain-text.ts';
import { ValidationError } from './validation.ts';

/** The depth and the number of fields and items that no body of ours exceeds. */
const DEPTH_MAX = 32;
const VALUES_MAX = 5_000;

const JSON_TYPE = /^application\/([\w.-]+\+)?json *(;|$)/i;

/** The bytes of the body, within the budget of this process (see request-bodies.ts). */
export const readBytes = (c: Context<ApiEnv>): Promise<Uint8Array> =>
  c.var.deps.bodies.read(c.req, c.env?.incoming);

/** Throws `malformed_json`; bytes that are no text are not replaced. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed(cause);
  }
}

/** Throws `malformed_json`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): VezaError {
  const error = new VezaError('malformed_json', 'The body does not parse as JSON.');
  error.cause = cause;
  return error;
}

/**
 * Reads a JSON body and refuses bodies that no schema should see: too deep, too many fields, or not text. So the
 * schema's work is bounded. It runs after the check of the caller.
 */
export const takeJsonBody = createMiddleware<ApiEnv>(async (c, next) => {
  const type = c.req.header('content-type');
  // The framework refuses other types without reading them.
  if (type !== undefined && !JSON_TYPE.test(type)) return next();
  const bytes = await readBytes(c);
  if (type === undefined && bytes.length > 0) {
    throw new VezaError('unsupported_media_type', 'Send the body with Content-Type: application/json.');
  }
  if (bytes.length > 0) assertJson(decodeText(bytes));
  const { method, url, raw } = c.req;
  c.req.raw = new Request(url, { method, headers: raw.headers, ...(bytes.length > 0 && { body: bytes }) });
  return next();
});

function assertJson(text: string): void {
  assertSize(text);
  assertPlainText(parseJson(text), 'body');
}

/** One pass over the text, before it is parsed. */
function assertSize(text: string): void {
  let depth = 0;
  let values = 1;
  let isInText = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isInText) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) isInText = false;
    } else if (code === QUOTE) isInText = true;
    else if (code === COMMA) values += 1;
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      depth += 1;
      values += 1;
      if (depth > DEPTH_MAX) throw refused(`Nested more than ${DEPTH_MAX} deep`);
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth -= 1;
    if (values > VALUES_MAX) throw refused(`More than ${VALUES_MAX} fields and items`);
  }
}

const refused = (message: string) => new ValidationError([{ field: 'body', in: 'body', message }]);

const codeOf = (character: string) => character.charCodeAt(0);
const QUOTE = codeOf('"');
const BACKSLASH = codeOf('\\');
const COMMA = codeOf(',');
const OPEN_ARRAY = codeOf('[');
const CLOSE_ARRAY = codeOf(']');
const OPEN_OBJECT = codeOf('{');
const CLOSE_OBJECT = codeOf('}');
