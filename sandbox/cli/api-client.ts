// The API as the demo's audience sees it: the demo shows only its answers.

export interface Order {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly refunded_amount: number;
  readonly currency: string;
}
export interface OrderInFull extends Order {
  readonly payment: { readonly payment_id: string; readonly status: string } | null;
}
export interface Refund {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly succeeded_at: string | null;
}
export interface Transfer {
  readonly id: string;
  readonly seller_id: string;
  readonly status: string;
  readonly amount: number;
  readonly reversed_amount: number;
  readonly currency: string;
  readonly stripe_transfer_id: string | null;
}
export interface Reversal {
  readonly id: string;
  readonly transfer_id: string;
  readonly status: string;
  readonly amount: number;
  readonly stripe_reversal_id: string | null;
  readonly retry_count: number;
  readonly next_retry_at: string | null;
  readonly error_message: string | null;
}

export interface Subscription {
  readonly id: string;
  readonly plan_id: string;
  readonly status: string;
  readonly current_period_end: string | null;
  readonly features: { readonly can_distribute: boolean };
}
export interface Invoice {
  readonly id: string;
  readonly number: string | null;
  readonly status: string;
  readonly reason: string;
  readonly amount: number;
  readonly currency: string;
  readonly lines: readonly { readonly kind: string; readonly amount: number }[];
}
export interface MySubscription {
  /** Only where it gives its plan's features now. */
  readonly subscription: Subscription | null;
  readonly message: string | null;
  readonly pending: {
    readonly subscription: Subscription;
    readonly invoice: Invoice | null;
    readonly next_attempt_at: string | null;
  } | null;
}
export interface ChangePreview {
  readonly amount: number;
  readonly currency: string;
  readonly lines: readonly { readonly kind: string; readonly amount: number }[];
  readonly proration_at: string | null;
}

export interface Reconciled {
  readonly workflow_id: string;
  readonly off: string | null;
  readonly report: Readonly<
    Record<
      string,
      { readonly seen: number; readonly synced: number; readonly why: Readonly<Record<string, number>> }
    >
  >;
}
export type Api = ReturnType<typeof apiAs>;

/** Calls the API as one person; anything but a 2xx is an error that shows the problem document. */
export function apiAs(apiUrl: string, token: string) {
  const call = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
    const answer = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text) as Body;
  };
  return {
    get: <Body>(path: string) => call<Body>('GET', path),
    post: <Body>(path: string, body: unknown) => call<Body>('POST', path, body),
  };
}
