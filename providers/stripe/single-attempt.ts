import Stripe from 'stripe';

/**
 * Stripe's Node HTTP client without the SDK's hidden second attempt.
 *
 * `RequestSender._shouldRetry` (stripe 23.1.0) retries ECONNRESET and EPIPE once *before* it looks at
 * `maxNetworkRetries`, so that 0 still means two attempts. The repeat carries the same key and could not act twice,
 * but the workflow would not see it: it would miss an attempt in its count and in STRIPE_MAX_RPS. The SDK decides by
 * the error's code alone, so we give the code another name, and the SDK makes an ordinary StripeConnectionError.
 */
export function createSingleAttemptHttpClient(): Stripe.HttpClient {
  const client = Stripe.createNodeHttpClient();
  return {
    getClientName: () => client.getClientName(),
    makeRequest: (...request) => client.makeRequest(...request).catch(renameCode),
  };
}

function renameCode(error: unknown): never {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && Stripe.HttpClient.CONNECTION_CLOSED_ERROR_CODES.includes(code)) {
    throw Object.assign(new Error('connection closed', { cause: error }), { code: `CLOSED_${code}` });
  }
  throw error;
}
