import { bodyLimit } from 'hono/body-limit';
import { VezaError } from '../../domain/errors.ts';

const BODY_MAX_BYTES = 1024 * 1024;

/** No body above 1 MiB is read, whether it says its length or not. */
export const limitBody = bodyLimit({
  maxSize: BODY_MAX_BYTES,
  onError: (c) => {
    // What is left of the body is not read, so nothing can follow it on this connection.
    c.header('Connection', 'close');
    throw new VezaError('payload_too_large', 'A body may have up to 1 MiB.', { max_bytes: BODY_MAX_BYTES });
  },
});
