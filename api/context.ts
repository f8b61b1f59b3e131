import type { ServerResponse } from 'node:http';
import type { PasswordHasher } from '../db/accounts/index.ts';
import type { SellingGate } from '../db/catalog/index.ts';
import type { Db } from '../db/client.ts';
import type { Purchases } from '../db/marketplace/index.ts';
import type { WebhookOutcome, WebhookProvider } from '../db/webhooks/index.ts';
import type {
  ApiKeyScope,
  Caller,
  Mailer,
  OauthClients,
  SignInFailure,
  Standing,
} from '../domain/accounts/index.ts';
import type { FileStore } from '../domain/kernel/index.ts';
import type { BillingTerms } from '../domain/subscriptions/index.ts';
import type { Engine } from '../engine/port/index.ts';
import type { Logger } from '../log.ts';
import type { RequestBodies } from '../request-bodies.ts';
import type { createClientFinder } from '../trusted-proxies.ts';
import type { AccountsConfig } from './accounts/config.ts';
import type { ApprovalsConfig } from './approvals/config.ts';
import type { MailTurns } from './accounts/mail-turns.ts';
import type { KernelConfig } from './kernel/config.ts';
import type { MarketplaceAdmission } from './marketplace/admission.ts';
import type { MarketplaceConfig } from './marketplace/config.ts';
import type { PrivacyConfig } from './privacy/config.ts';
import type { OperatorsConfig } from './operators/config.ts';
import type { PayoutsConfig } from './payouts/config.ts';
import type { SubscriptionsConfig } from './subscriptions/config.ts';
import type { WebhooksConfig } from './webhooks/config.ts';
import type { Admission } from './kernel/admission.ts';
import type { Cursors } from './kernel/cursors.ts';
import type { Maintenance } from './operators/maintenance.ts';
import type { RefundFeed } from './marketplace/refund-feed.ts';

export type ApiConfig = KernelConfig &
  AccountsConfig &
  ApprovalsConfig &
  WebhooksConfig &
  MarketplaceConfig &
  PayoutsConfig &
  SubscriptionsConfig &
  PrivacyConfig &
  OperatorsConfig;

/** Why a webhook is not taken in. */
export type WebhookRefusal = 'signature_refused' | 'malformed' | 'not_dispatched';

/** The observer of this process; the composition root makes metrics and traces from it. */
export interface ApiObserver {
  /** Runs the request's handler, and learns the route's template and the status. */
  request(
    request: {
      readonly method: string;
      readonly requestId: string;
      readonly traceparent: string | undefined;
    },
    serve: () => Promise<ServedRequest>,
  ): Promise<ServedRequest>;
  webhook(provider: WebhookProvider, outcome: WebhookOutcome | WebhookRefusal): void;
  /** A call was refused with `engine_busy`; so many were let begin at a time. */
  busy(call: 'refund' | 'order' | 'subscription', atATime: number): void;
  /** An attempt to prove who one is failed: at a sign-in, or where somebody has to do so again. */
  signInFailed(why: SignInFailure): void;
}

export interface ServedRequest {
  /** The route as it was declared, `/api/v1/marketplace/orders/:orderId`; `unmatched` where there is none. */
  readonly route: string;
  readonly status: number;
}

export const UNOBSERVED: ApiObserver = {
  request: (_, serve) => serve(),
  webhook() {},
  busy() {},
  signInFailed() {},
};

/** The API's dependencies; the composition root gives them once. */
export interface ApiDeps {
  readonly db: Db;
  /** The same rows for readers, so that connections are left for what moves money; `db` by default. */
  readonly reads?: Db;
  readonly engine: Engine;
  readonly config: ApiConfig;
  readonly log: Logger;
  readonly store: FileStore;
  readonly observer?: ApiObserver;
  /** For mails that go out within a request; none by default. */
  readonly mailer?: Mailer;
  /** Makes and compares hashes of passwords, a few at a time for all of this process. */
  readonly passwords?: PasswordHasher;
  /** Whether a new password is known to have leaked; nobody is asked by default. */
  readonly isBreached?: (password: string) => Promise<boolean>;
  /** Providers that people may sign in by; none by default. */
  readonly oauth?: OauthClients;
  /** The clock; tests give their own. */
  readonly now?: () => Date;
  /** The streams that are open at this process; closed first when the process stops. */
  readonly refundEvents?: RefundFeed;
  /** The bodies that this process reads; the console reads its forms within the same budget. */
  readonly bodies?: RequestBodies;
  /** How many refunds and purchases this process begins at a time. */
  readonly admission?: MarketplaceAdmission;
}

/** The dependencies with what the app itself adds. */
export interface AppDeps extends Required<ApiDeps> {
  readonly findClient: ReturnType<typeof createClientFinder>;
  readonly maintenance: Maintenance;
  readonly cursors: Cursors;
  /** For mails that go out within a request. */
  readonly mailTurns: MailTurns;
  /** For asks of subscriptions. */
  readonly askAdmission: Admission;
  readonly terms: BillingTerms;
  /** Whether a person may put products up for sale, besides their role. */
  readonly assertMaySell: SellingGate;
  /** What refunds may be of. */
  readonly purchases: Purchases;
}

export interface ApiEnv {
  Bindings: {
    /** Node's request and its answer; absent where a test calls the app without a server. */
    readonly incoming?: {
      readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean };
    };
    readonly outgoing?: Pick<
      ServerResponse,
      'headersSent' | 'setHeader' | 'appendHeader' | 'closed' | 'once'
    >;
  };
  Variables: {
    deps: AppDeps;
    requestId: string;
    /** The call has been taken from what its client may make without credentials. */
    isClientCounted?: boolean;
    /** When the client is told that there is no answer, by `performance.now()`. */
    answerByMs: number;
    /** Carries the request id in each line. */
    log: Logger;
    /** Set on every route that asks for a bearer token or an API key. */
    caller: Caller;
    /** Whoever leaves may call this too. */
    mayBeLeaving?: boolean;
    /** When the caller proved who they are, as an identity provider's token says; absent where it does not say, or is ours. Milliseconds. */
    provedAtMs?: number;
    /** The caller is an admin without a second factor, and so has the role `user` here. */
    isUnprovedAdmin: boolean;
    /** The caller's session; null where they used a key, or an identity provider's token. */
    session: NonNullable<Standing['session']> | null;
    /** When the token or the key expires; null: never. A stream ends with it. */
    credentialsEndAt: Date | null;
    /** Set where the caller used a key. */
    apiKey?: { readonly id: string; readonly scopes: readonly ApiKeyScope[] };
    /**
     * Set before the first effect: after that a failure leaves the outcome unknown, and the answer has to say so. Set to
     * false only by who has looked whether the call repeats another one.
     */
    mayStillBeCarriedOut: boolean;
  };
}
