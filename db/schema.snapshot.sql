-- What the migrations make of an empty database, as its catalog describes it. For reading and for review: a
-- migration shows here what it changed. Written by `npm run db:snapshot`, compared by test/db/schema.test.ts.

CREATE TABLE account_deletions (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  status text DEFAULT 'scheduled'::text NOT NULL,
  keep_public_tracks boolean NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamp with time zone DEFAULT now() NOT NULL,
  final_at timestamp with time zone NOT NULL,
  waits_for text[] DEFAULT '{}'::text[] NOT NULL,
  waiting_since timestamp with time zone,
  held_at timestamp with time zone,
  hidden jsonb DEFAULT '{}'::jsonb NOT NULL,
  reminded_at timestamp with time zone,
  paid_out_at timestamp with time zone,
  undone_at timestamp with time zone,
  erasing_at timestamp with time zone,
  erased_at timestamp with time zone,
  steps jsonb DEFAULT '{}'::jsonb NOT NULL,
  report jsonb,
  CONSTRAINT account_deletions_pkey PRIMARY KEY (id),
  CONSTRAINT account_deletions_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT account_deletions_status_known CHECK ((status = ANY (ARRAY['scheduled'::text, 'waiting'::text, 'erasing'::text, 'undone'::text, 'erased'::text]))),
  CONSTRAINT account_deletions_waits_known CHECK ((waits_for <@ ARRAY['order_pending'::text, 'refund_window'::text, 'refund_open'::text, 'dispute_open'::text, 'transfer_open'::text, 'reversal_open'::text, 'payout_open'::text, 'invoice_open'::text, 'balance_pending'::text, 'balance_available'::text, 'balance_owed'::text, 'account_barred'::text, 'hold'::text]))
);
CREATE INDEX account_deletions_by_user ON public.account_deletions USING btree (user_id, requested_at, id);
CREATE INDEX account_deletions_erased ON public.account_deletions USING btree (erased_at, id) WHERE (status = 'erased'::text);
CREATE INDEX account_deletions_newest ON public.account_deletions USING btree (requested_at, id);
CREATE UNIQUE INDEX account_deletions_one_open ON public.account_deletions USING btree (user_id) WHERE (status = ANY (ARRAY['scheduled'::text, 'waiting'::text, 'erasing'::text]));
CREATE INDEX account_deletions_open ON public.account_deletions USING btree (final_at, id) WHERE (status = ANY (ARRAY['scheduled'::text, 'waiting'::text, 'erasing'::text]));
CREATE INDEX account_deletions_undone ON public.account_deletions USING btree (undone_at, id) WHERE (status = 'undone'::text);

CREATE TABLE account_link_asks (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  return_url text NOT NULL,
  refresh_url text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT account_link_asks_pkey PRIMARY KEY (id),
  CONSTRAINT account_link_asks_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX account_link_asks_by_user ON public.account_link_asks USING btree (user_id, created_at);

CREATE TABLE account_tokens (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  purpose text NOT NULL,
  token_hash text NOT NULL,
  new_email text,
  expires_at timestamp with time zone NOT NULL,
  used_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  password_hash text,
  CONSTRAINT account_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT "account_tokens_tokenHash_unique" UNIQUE (token_hash),
  CONSTRAINT account_tokens_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT account_tokens_address_is_sealed CHECK ((new_email ~~ 'enc:1:%'::text)),
  CONSTRAINT account_tokens_hash_is_sha256 CHECK ((token_hash ~ '^[0-9a-f]{64}$'::text)),
  CONSTRAINT account_tokens_password_waits CHECK (((password_hash IS NULL) OR ((purpose = 'verify_email'::text) AND (used_at IS NULL)))),
  CONSTRAINT account_tokens_purpose_known CHECK ((purpose = ANY (ARRAY['verify_email'::text, 'reset_password'::text, 'change_email'::text, 'invitation'::text])))
);
CREATE INDEX account_tokens_by_expiry ON public.account_tokens USING btree (expires_at, id);
CREATE INDEX account_tokens_by_user ON public.account_tokens USING btree (user_id);
CREATE INDEX account_tokens_open ON public.account_tokens USING btree (user_id, purpose) WHERE (used_at IS NULL);

CREATE TABLE api_key_usage (
  key_id uuid NOT NULL,
  kind text NOT NULL,
  hour timestamp with time zone NOT NULL,
  used integer NOT NULL,
  used_before integer NOT NULL,
  last_used_at timestamp with time zone NOT NULL,
  CONSTRAINT api_key_usage_key_id_kind_pk PRIMARY KEY (key_id, kind),
  CONSTRAINT api_key_usage_key_id_api_keys_id_fk FOREIGN KEY (key_id) REFERENCES api_keys(id),
  CONSTRAINT api_key_usage_kind_known CHECK ((kind = ANY (ARRAY['read'::text, 'write'::text])))
);

CREATE TABLE api_keys (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  key_hash text NOT NULL,
  scopes text[] NOT NULL,
  reads_per_hour integer NOT NULL,
  writes_per_hour integer NOT NULL,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  made_by uuid NOT NULL,
  made_by_key uuid,
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_prefix_unique UNIQUE (prefix),
  CONSTRAINT api_keys_made_by_key_api_keys_id_fk FOREIGN KEY (made_by_key) REFERENCES api_keys(id),
  CONSTRAINT api_keys_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT api_keys_hash_is_sha256 CHECK ((key_hash ~ '^[0-9a-f]{64}$'::text)),
  CONSTRAINT api_keys_limits_sane CHECK (((reads_per_hour > 0) AND (writes_per_hour > 0))),
  CONSTRAINT api_keys_scopes_known CHECK (((cardinality(scopes) > 0) AND (scopes <@ ARRAY['read'::text, 'write'::text, 'admin'::text])))
);
CREATE INDEX api_keys_by_maker ON public.api_keys USING btree (made_by_key);
CREATE INDEX api_keys_by_user ON public.api_keys USING btree (user_id, created_at, id);
CREATE INDEX api_keys_newest ON public.api_keys USING btree (created_at, id);

CREATE TABLE approvals (
  id uuid NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  params jsonb,
  seen text NOT NULL,
  amount_minor bigint,
  currency text,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  decided_by text,
  decided_at timestamp with time zone,
  note text,
  work jsonb,
  told_at timestamp with time zone,
  CONSTRAINT approvals_pkey PRIMARY KEY (id),
  CONSTRAINT approvals_amount_sane CHECK (((amount_minor >= 0) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT approvals_by_another CHECK (((status <> 'approved'::text) OR ((decided_by IS NOT NULL) AND (decided_by <> requested_by)))),
  CONSTRAINT approvals_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT approvals_money_whole CHECK (((amount_minor IS NULL) = (currency IS NULL))),
  CONSTRAINT approvals_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'expired'::text])))
);
CREATE INDEX approvals_by_subject ON public.approvals USING btree (subject);
CREATE INDEX approvals_newest ON public.approvals USING btree (requested_at, id);
CREATE UNIQUE INDEX approvals_one_pending ON public.approvals USING btree (action, subject) WHERE (status = 'pending'::text);
CREATE INDEX approvals_untold ON public.approvals USING btree (decided_at) WHERE ((status = 'approved'::text) AND (told_at IS NULL));

CREATE TABLE asks (
  id uuid NOT NULL,
  ask jsonb NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT asks_pkey PRIMARY KEY (id)
);
CREATE INDEX asks_by_person ON public.asks USING btree (COALESCE((ask ->> 'userId'::text), (ask ->> 'buyerId'::text), (ask ->> 'sellerId'::text), (ask #>> '{caller,userId}'::text[])));
CREATE INDEX asks_by_time ON public.asks USING btree (created_at);

CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  before jsonb,
  after jsonb,
  reason text,
  ip inet,
  user_agent text,
  at timestamp with time zone DEFAULT now() NOT NULL,
  api_key_id uuid,
  CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_log_by_action ON public.audit_log USING btree (action text_pattern_ops, id);
CREATE INDEX audit_log_by_actor ON public.audit_log USING btree (actor, id);
CREATE INDEX audit_log_by_subject ON public.audit_log USING btree (subject, at);
CREATE INDEX audit_log_sign_ins ON public.audit_log USING btree (at) WHERE (action = ANY (ARRAY['user.login'::text, 'user.login_blocked'::text, 'session.reuse'::text]));
CREATE INDEX audit_log_to_forget ON public.audit_log USING btree (at, id) WHERE ((ip IS NOT NULL) OR (user_agent IS NOT NULL));
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_forgets BEFORE UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION let_forget();

CREATE TABLE auth_failures (
  scope text NOT NULL,
  failures integer NOT NULL,
  since timestamp with time zone NOT NULL,
  blocked_until timestamp with time zone,
  user_id uuid,
  CONSTRAINT auth_failures_pkey PRIMARY KEY (scope)
);
CREATE INDEX auth_failures_by_time ON public.auth_failures USING btree (since, scope);
CREATE INDEX auth_failures_by_user ON public.auth_failures USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE TABLE backup_codes (
  user_id uuid NOT NULL,
  number integer NOT NULL,
  code_hash text NOT NULL,
  used_at timestamp with time zone,
  CONSTRAINT backup_codes_user_id_number_pk PRIMARY KEY (user_id, number),
  CONSTRAINT backup_codes_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE UNLOGGED TABLE bearer_usage (
  user_id uuid NOT NULL,
  minute timestamp with time zone NOT NULL,
  used integer NOT NULL,
  used_before integer NOT NULL,
  last_used_at timestamp with time zone NOT NULL,
  CONSTRAINT bearer_usage_pkey PRIMARY KEY (user_id)
);
CREATE INDEX bearer_usage_by_minute ON public.bearer_usage USING btree (minute, user_id);

CREATE TABLE card_setups (
  id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  client_secret text,
  provider_status text,
  asked_at timestamp with time zone,
  ended_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  reconcile_checked_at timestamp with time zone,
  CONSTRAINT card_setups_pkey PRIMARY KEY (id),
  CONSTRAINT card_setups_subscription_id_subscriptions_id_fk FOREIGN KEY (subscription_id) REFERENCES subscriptions(id)
);
CREATE INDEX card_setups_by_subscription ON public.card_setups USING btree (subscription_id, created_at);
CREATE INDEX card_setups_open_by_look ON public.card_setups USING btree (reconcile_checked_at NULLS FIRST, created_at) WHERE (ended_at IS NULL);

CREATE UNLOGGED TABLE client_usage (
  scope text NOT NULL,
  since timestamp with time zone NOT NULL,
  used integer NOT NULL,
  used_before integer NOT NULL,
  last_used_at timestamp with time zone NOT NULL,
  CONSTRAINT client_usage_pkey PRIMARY KEY (scope)
);
CREATE INDEX client_usage_by_window ON public.client_usage USING btree (since, scope);

CREATE TABLE credit_notes (
  number text NOT NULL,
  invoice_id uuid NOT NULL,
  refund_id uuid NOT NULL,
  amount_minor bigint NOT NULL,
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT credit_notes_pkey PRIMARY KEY (number),
  CONSTRAINT "credit_notes_refundId_unique" UNIQUE (refund_id),
  CONSTRAINT credit_notes_invoice_id_invoices_id_fk FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  CONSTRAINT credit_notes_refund_id_refunds_id_fk FOREIGN KEY (refund_id) REFERENCES refunds(id),
  CONSTRAINT credit_notes_amount_sane CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint)))
);
CREATE INDEX credit_notes_by_invoice ON public.credit_notes USING btree (invoice_id);

CREATE TABLE data_exports (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  status text DEFAULT 'queued'::text NOT NULL,
  file_key text,
  size_bytes bigint,
  sha256 text,
  parts jsonb,
  downloads integer DEFAULT 0 NOT NULL,
  error_code text,
  attempt integer DEFAULT 0 NOT NULL,
  next_attempt_at timestamp with time zone,
  requested_at timestamp with time zone DEFAULT now() NOT NULL,
  ready_at timestamp with time zone,
  expires_at timestamp with time zone,
  CONSTRAINT data_exports_pkey PRIMARY KEY (id),
  CONSTRAINT data_exports_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT data_exports_ready_whole CHECK (((status <> 'ready'::text) OR ((file_key IS NOT NULL) AND (size_bytes IS NOT NULL) AND (sha256 IS NOT NULL) AND (expires_at IS NOT NULL)))),
  CONSTRAINT data_exports_status_known CHECK ((status = ANY (ARRAY['queued'::text, 'building'::text, 'ready'::text, 'failed'::text, 'expired'::text, 'removed'::text])))
);
CREATE INDEX data_exports_by_user ON public.data_exports USING btree (user_id, requested_at, id);
CREATE INDEX data_exports_failed ON public.data_exports USING btree (requested_at, id) WHERE (status = 'failed'::text);
CREATE INDEX data_exports_newest ON public.data_exports USING btree (requested_at, id);
CREATE UNIQUE INDEX data_exports_one_open ON public.data_exports USING btree (user_id) WHERE (status = ANY (ARRAY['queued'::text, 'building'::text]));
CREATE INDEX data_exports_open ON public.data_exports USING btree (requested_at, id) WHERE (status = ANY (ARRAY['queued'::text, 'building'::text]));
CREATE INDEX data_exports_to_expire ON public.data_exports USING btree (expires_at, id) WHERE (status = 'ready'::text);

CREATE TABLE decisions (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT decisions_pkey PRIMARY KEY (id),
  CONSTRAINT decisions_amount_sane CHECK (((amount_minor >= 0) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT decisions_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text))
);
CREATE INDEX decisions_by_actor ON public.decisions USING btree (actor, at);

CREATE TABLE dispute_words (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  dispute_id uuid NOT NULL,
  said text NOT NULL,
  stage text NOT NULL,
  amount_minor bigint NOT NULL,
  said_at timestamp with time zone,
  at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT dispute_words_pkey PRIMARY KEY (id),
  CONSTRAINT dispute_words_dispute_id_disputes_id_fk FOREIGN KEY (dispute_id) REFERENCES disputes(id),
  CONSTRAINT dispute_words_amount_sane CHECK (((amount_minor >= 0) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT dispute_words_said_known CHECK ((said = ANY (ARRAY['open'::text, 'won'::text, 'lost'::text, 'cancelled'::text]))),
  CONSTRAINT dispute_words_stage_known CHECK ((stage = ANY (ARRAY['pre_dispute'::text, 'dispute'::text, 'pre_arbitration'::text, 'arbitration'::text, 'dispute_reversal'::text])))
);
CREATE INDEX dispute_words_by_dispute ON public.dispute_words USING btree (dispute_id, id);
CREATE TRIGGER dispute_words_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.dispute_words FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE disputes (
  id uuid NOT NULL,
  order_id uuid,
  provider_dispute_id text NOT NULL,
  amount_minor bigint NOT NULL,
  status text DEFAULT 'open'::text NOT NULL,
  opened_at timestamp with time zone NOT NULL,
  closed_at timestamp with time zone,
  currency text NOT NULL,
  stage text DEFAULT 'dispute'::text NOT NULL,
  said_at timestamp with time zone,
  unbooked_since timestamp with time zone,
  unbooked_why text,
  reconcile_checked_at timestamp with time zone,
  connector_dispute_id text,
  invoice_id uuid,
  payment_id text,
  CONSTRAINT disputes_pkey PRIMARY KEY (id),
  CONSTRAINT disputes_invoice_id_invoices_id_fk FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  CONSTRAINT disputes_order_id_orders_id_fk FOREIGN KEY (order_id) REFERENCES orders(id),
  CONSTRAINT disputes_amount_sane CHECK (((amount_minor >= 0) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT disputes_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT disputes_of_one_purchase CHECK ((num_nonnulls(order_id, invoice_id) = 1)),
  CONSTRAINT disputes_other_payment_of_invoice CHECK (((payment_id IS NULL) OR (invoice_id IS NOT NULL))),
  CONSTRAINT disputes_stage_known CHECK ((stage = ANY (ARRAY['pre_dispute'::text, 'dispute'::text, 'pre_arbitration'::text, 'arbitration'::text, 'dispute_reversal'::text]))),
  CONSTRAINT disputes_status_known CHECK ((status = ANY (ARRAY['open'::text, 'won'::text, 'lost'::text, 'cancelled'::text]))),
  CONSTRAINT disputes_unbooked_has_why CHECK (((unbooked_since IS NULL) = (unbooked_why IS NULL))),
  CONSTRAINT disputes_unbooked_why_known CHECK ((unbooked_why = ANY (ARRAY['not_our_money'::text, 'suspended'::text, 'in_flight'::text])))
);
CREATE INDEX disputes_by_connector ON public.disputes USING btree (connector_dispute_id) WHERE (connector_dispute_id IS NOT NULL);
CREATE INDEX disputes_by_invoice ON public.disputes USING btree (invoice_id) WHERE (invoice_id IS NOT NULL);
CREATE INDEX disputes_by_order ON public.disputes USING btree (order_id);
CREATE INDEX disputes_by_time ON public.disputes USING btree (opened_at, id);
CREATE INDEX disputes_open_by_order ON public.disputes USING btree (order_id) WHERE (status = 'open'::text);
CREATE UNIQUE INDEX disputes_provider_key ON public.disputes USING btree (provider_dispute_id);
CREATE INDEX disputes_unbooked_by_look ON public.disputes USING btree (reconcile_checked_at NULLS FIRST, opened_at) WHERE (unbooked_since IS NOT NULL);

CREATE TABLE export_tickets (
  token_hash text NOT NULL,
  export_id uuid NOT NULL,
  session_id uuid,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT export_tickets_pkey PRIMARY KEY (token_hash),
  CONSTRAINT export_tickets_export_id_data_exports_id_fk FOREIGN KEY (export_id) REFERENCES data_exports(id)
);
CREATE INDEX export_tickets_by_export ON public.export_tickets USING btree (export_id);
CREATE INDEX export_tickets_over ON public.export_tickets USING btree (expires_at, token_hash);

CREATE TABLE idempotency_keys (
  scope text NOT NULL,
  key text NOT NULL,
  body_hash text NOT NULL,
  answer jsonb,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT idempotency_keys_scope_key_pk PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_caller ON public.idempotency_keys USING btree (split_part(scope, ':'::text, 1));

CREATE TABLE invoice_counters (
  series text NOT NULL,
  last_number bigint NOT NULL,
  CONSTRAINT invoice_counters_pkey PRIMARY KEY (series)
);

CREATE TABLE invoice_lines (
  id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  "position" integer NOT NULL,
  kind text NOT NULL,
  description text NOT NULL,
  amount_minor bigint NOT NULL,
  CONSTRAINT invoice_lines_pkey PRIMARY KEY (id),
  CONSTRAINT invoice_lines_invoice_id_invoices_id_fk FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  CONSTRAINT invoice_lines_kind_known CHECK ((kind = ANY (ARRAY['plan'::text, 'unused_credit'::text, 'minimum_charge'::text])))
);
CREATE UNIQUE INDEX invoice_lines_position_key ON public.invoice_lines USING btree (invoice_id, "position");

CREATE TABLE invoice_payments (
  id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  attempt integer NOT NULL,
  on_session boolean NOT NULL,
  payment_method_id uuid,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  provider_status text,
  received_minor bigint,
  received_currency text,
  decline_code text,
  decline_class text,
  error_message text,
  client_secret text,
  client_secret_expires_at timestamp with time zone,
  connector_transaction_id text,
  asked_at timestamp with time zone,
  end_requested_at timestamp with time zone,
  reconcile_checked_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  buyer_asks_again boolean DEFAULT false NOT NULL,
  captured_at timestamp with time zone,
  outside_checked_at timestamp with time zone,
  outside_over boolean DEFAULT false NOT NULL,
  watched_until timestamp with time zone,
  last_asked_at timestamp with time zone,
  CONSTRAINT invoice_payments_pkey PRIMARY KEY (id),
  CONSTRAINT invoice_payments_invoice_id_invoices_id_fk FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  CONSTRAINT invoice_payments_payment_method_id_payment_methods_id_fk FOREIGN KEY (payment_method_id) REFERENCES payment_methods(id),
  CONSTRAINT invoice_payments_amount_sane CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT invoice_payments_attempt_counts CHECK ((attempt >= 1)),
  CONSTRAINT invoice_payments_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT invoice_payments_decline_class_known CHECK ((decline_class = ANY (ARRAY['final'::text, 'retry'::text]))),
  CONSTRAINT invoice_payments_received_sane CHECK (((received_minor >= 1) AND (received_minor <= '9007199254740991'::bigint))),
  CONSTRAINT invoice_payments_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'succeeded'::text, 'failed'::text, 'given_back'::text]))),
  CONSTRAINT invoice_payments_watched_took_nothing CHECK (((watched_until IS NULL) OR ((status = 'failed'::text) AND (received_minor IS NULL))))
);
CREATE UNIQUE INDEX invoice_payments_attempt_key ON public.invoice_payments USING btree (invoice_id, attempt);
CREATE INDEX invoice_payments_by_connector_transaction ON public.invoice_payments USING btree (connector_transaction_id) WHERE (connector_transaction_id IS NOT NULL);
CREATE INDEX invoice_payments_by_time ON public.invoice_payments USING btree (created_at);
CREATE INDEX invoice_payments_captured_by_time ON public.invoice_payments USING btree (COALESCE(captured_at, created_at), id) WHERE (received_minor IS NOT NULL);
CREATE UNIQUE INDEX invoice_payments_one_pending ON public.invoice_payments USING btree (invoice_id) WHERE (status = 'pending'::text);
CREATE INDEX invoice_payments_outside_by_look ON public.invoice_payments USING btree (COALESCE(outside_checked_at, captured_at, created_at) NULLS FIRST, created_at) WHERE ((received_minor IS NOT NULL) AND (NOT outside_over));
CREATE INDEX invoice_payments_outside_by_time ON public.invoice_payments USING btree (COALESCE(captured_at, created_at)) WHERE ((received_minor IS NOT NULL) AND (NOT outside_over));
CREATE INDEX invoice_payments_pending_by_look ON public.invoice_payments USING btree (reconcile_checked_at NULLS FIRST, created_at) WHERE (status = 'pending'::text);
CREATE INDEX invoice_payments_refused_by_card ON public.invoice_payments USING btree (payment_method_id, asked_at) WHERE ((status = 'failed'::text) AND (NOT on_session));
CREATE INDEX invoice_payments_watched_by_look ON public.invoice_payments USING btree (reconcile_checked_at NULLS FIRST, created_at) WHERE (watched_until IS NOT NULL);

CREATE TABLE invoices (
  id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  price_id uuid NOT NULL,
  reason text NOT NULL,
  status text DEFAULT 'open'::text NOT NULL,
  number text,
  period_start timestamp with time zone,
  period_end timestamp with time zone,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  tax_minor bigint DEFAULT 0 NOT NULL,
  refunded_minor bigint DEFAULT 0 NOT NULL,
  hyperswitch_payment_id text,
  issued_to jsonb NOT NULL,
  paid_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL,
  issuer text,
  CONSTRAINT invoices_pkey PRIMARY KEY (id),
  CONSTRAINT invoices_number_unique UNIQUE (number),
  CONSTRAINT invoices_price_id_plan_prices_id_fk FOREIGN KEY (price_id) REFERENCES plan_prices(id),
  CONSTRAINT invoices_subscription_id_subscriptions_id_fk FOREIGN KEY (subscription_id) REFERENCES subscriptions(id),
  CONSTRAINT invoices_amount_sane CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT invoices_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT invoices_paid_is_whole CHECK ((((status = ANY (ARRAY['open'::text, 'void'::text])) = (number IS NULL)) AND ((number IS NULL) = (paid_at IS NULL)) AND ((number IS NULL) OR ((period_start IS NOT NULL) AND (period_end IS NOT NULL))))),
  CONSTRAINT invoices_period_sane CHECK (((num_nonnulls(period_start, period_end) <> 1) AND (period_end > period_start))),
  CONSTRAINT invoices_reason_known CHECK ((reason = ANY (ARRAY['first'::text, 'renewal'::text, 'trial_end'::text, 'change'::text]))),
  CONSTRAINT invoices_refunded_within CHECK (((refunded_minor >= 0) AND (refunded_minor <= amount_minor))),
  CONSTRAINT invoices_status_known CHECK ((status = ANY (ARRAY['open'::text, 'paid'::text, 'partially_refunded'::text, 'refunded'::text, 'void'::text]))),
  CONSTRAINT invoices_tax_within CHECK (((tax_minor >= 0) AND (tax_minor <= amount_minor)))
);
CREATE INDEX invoices_by_payment ON public.invoices USING btree (hyperswitch_payment_id);
CREATE INDEX invoices_by_subscription ON public.invoices USING btree (subscription_id, created_at, id);
CREATE UNIQUE INDEX invoices_one_open ON public.invoices USING btree (subscription_id) WHERE (status = 'open'::text);
CREATE UNIQUE INDEX invoices_one_per_period ON public.invoices USING btree (subscription_id, period_start) WHERE ((status <> 'void'::text) AND (reason <> 'change'::text));

CREATE TABLE ledger_entries (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  transaction_id uuid NOT NULL,
  account text NOT NULL,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  kind text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  of_kind text NOT NULL,
  of_id uuid NOT NULL,
  root_kind text NOT NULL,
  root_id uuid NOT NULL,
  CONSTRAINT ledger_entries_pkey PRIMARY KEY (id),
  CONSTRAINT ledger_entries_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT ledger_entries_kind_known CHECK ((kind = ANY (ARRAY['order_completed'::text, 'payment_suspended'::text, 'transfer_completed'::text, 'transfer_settled_outside'::text, 'transfer_written_off'::text, 'transfer_write_off_recovered'::text, 'refund_succeeded'::text, 'reversal_done'::text, 'outside_reversal'::text, 'suspense_claimed'::text, 'reversal_settled_outside'::text, 'reversal_written_off'::text, 'write_off_recovered'::text, 'write_off_undone'::text, 'refund_returned'::text, 'dispute_won_back'::text, 'payout_asked'::text, 'payout_paid'::text, 'payout_failed'::text, 'payout_returned'::text, 'debt_settled_outside'::text, 'debt_written_off'::text, 'invoice_paid'::text, 'invoice_payment_suspended'::text, 'invoice_payment_returned'::text, 'invoice_refunded'::text, 'invoice_refund_returned'::text, 'revenue_recognised'::text]))),
  CONSTRAINT ledger_entries_moves_something CHECK ((amount_minor <> 0)),
  CONSTRAINT ledger_entries_of_kind_known CHECK ((of_kind = ANY (ARRAY['order'::text, 'refund'::text, 'transfer'::text, 'reversal'::text, 'payout'::text, 'balance'::text, 'invoice'::text]))),
  CONSTRAINT ledger_entries_root_kind_known CHECK ((root_kind = ANY (ARRAY['order'::text, 'refund'::text, 'transfer'::text, 'reversal'::text, 'payout'::text, 'balance'::text, 'invoice'::text])))
);
CREATE INDEX ledger_entries_by_account ON public.ledger_entries USING btree (account, created_at, id);
CREATE INDEX ledger_entries_by_root ON public.ledger_entries USING btree (root_id);
CREATE INDEX ledger_entries_by_transaction ON public.ledger_entries USING btree (transaction_id);
CREATE TRIGGER ledger_entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_kept_for_sellers AFTER INSERT ON public.ledger_entries REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION keep_seller_postings();

CREATE TABLE licenses (
  id uuid NOT NULL,
  order_item_id uuid NOT NULL,
  buyer_id uuid NOT NULL,
  product_id uuid NOT NULL,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT licenses_pkey PRIMARY KEY (id),
  CONSTRAINT licenses_buyer_id_users_id_fk FOREIGN KEY (buyer_id) REFERENCES users(id),
  CONSTRAINT licenses_order_item_id_order_items_id_fk FOREIGN KEY (order_item_id) REFERENCES order_items(id),
  CONSTRAINT licenses_product_id_products_id_fk FOREIGN KEY (product_id) REFERENCES products(id)
);
CREATE INDEX licenses_by_buyer ON public.licenses USING btree (buyer_id);
CREATE UNIQUE INDEX licenses_item_key ON public.licenses USING btree (order_item_id);

CREATE TABLE mails (
  id uuid NOT NULL,
  user_id uuid,
  kind text NOT NULL,
  subject text NOT NULL,
  params jsonb,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  recipient text,
  status text DEFAULT 'queued'::text NOT NULL,
  attempts integer DEFAULT 0 NOT NULL,
  next_attempt_at timestamp with time zone,
  error_code text,
  queued_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT mails_pkey PRIMARY KEY (id),
  CONSTRAINT mails_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT mails_kind_known CHECK ((kind = ANY (ARRAY['password_changed'::text, 'email_change_requested'::text, 'email_changed'::text, 'two_factor_on'::text, 'two_factor_off'::text, 'two_factor_blocked'::text, 'backup_code_used'::text, 'oauth_linked'::text, 'oauth_unlinked'::text, 'new_sign_in'::text, 'session_reuse'::text, 'invitation'::text, 'order_receipt'::text, 'refund_asked'::text, 'refund_succeeded'::text, 'refund_failed'::text, 'payout_paid'::text, 'payout_failed'::text, 'subscription_started'::text, 'trial_started'::text, 'trial_ending'::text, 'trial_over'::text, 'invoice_receipt'::text, 'year_renews_soon'::text, 'payment_failed'::text, 'bank_wants_you'::text, 'subscription_recovered'::text, 'subscription_expired'::text, 'subscription_canceled'::text, 'subscription_taken_back'::text, 'subscription_changed'::text, 'change_failed'::text, 'invoice_refunded'::text, 'price_moves'::text, 'export_ready'::text, 'export_failed'::text, 'export_downloaded'::text, 'deletion_scheduled'::text, 'deletion_reminder'::text, 'deletion_waits'::text, 'deletion_undone'::text, 'deletion_done'::text]))),
  CONSTRAINT mails_status_known CHECK ((status = ANY (ARRAY['queued'::text, 'sent'::text, 'refused'::text, 'given_up'::text])))
);
CREATE INDEX mails_by_id_told_of ON public.mails USING btree (split_part(subject, '/'::text, 2));
CREATE INDEX mails_by_user ON public.mails USING btree (user_id);
CREATE INDEX mails_given_up ON public.mails USING btree (queued_at, id) WHERE ((status = 'given_up'::text) AND (attempts > 0));
CREATE INDEX mails_newest ON public.mails USING btree (created_at, id);
CREATE UNIQUE INDEX mails_once ON public.mails USING btree (kind, subject);
CREATE INDEX mails_waiting ON public.mails USING btree (id) WHERE (status = 'queued'::text);

CREATE TABLE oauth_accounts (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  provider text NOT NULL,
  subject text NOT NULL,
  access_token text,
  refresh_token text,
  scopes text[] DEFAULT '{}'::text[] NOT NULL,
  expires_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT oauth_accounts_pkey PRIMARY KEY (id),
  CONSTRAINT oauth_accounts_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT oauth_accounts_provider_known CHECK ((provider = ANY (ARRAY['google'::text, 'github'::text, 'discord'::text, 'spotify'::text, 'oidc'::text])))
);
CREATE UNIQUE INDEX oauth_accounts_one_a_provider ON public.oauth_accounts USING btree (user_id, provider);
CREATE UNIQUE INDEX oauth_accounts_subject_key ON public.oauth_accounts USING btree (provider, subject);

CREATE TABLE oauth_codes (
  code_hash text NOT NULL,
  user_id uuid NOT NULL,
  browser_hash text NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT oauth_codes_pkey PRIMARY KEY (code_hash),
  CONSTRAINT oauth_codes_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX oauth_codes_by_expiry ON public.oauth_codes USING btree (expires_at);
CREATE INDEX oauth_codes_by_user ON public.oauth_codes USING btree (user_id);

CREATE TABLE oauth_states (
  state_hash text NOT NULL,
  provider text NOT NULL,
  purpose text NOT NULL,
  user_id uuid,
  code_verifier text NOT NULL,
  nonce text,
  redirect_url text NOT NULL,
  browser_hash text NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  session_id uuid,
  CONSTRAINT oauth_states_pkey PRIMARY KEY (state_hash),
  CONSTRAINT oauth_states_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT oauth_states_link_has_user CHECK (((purpose = 'link'::text) = (user_id IS NOT NULL))),
  CONSTRAINT oauth_states_provider_known CHECK ((provider = ANY (ARRAY['google'::text, 'github'::text, 'discord'::text, 'spotify'::text, 'oidc'::text]))),
  CONSTRAINT oauth_states_purpose_known CHECK ((purpose = ANY (ARRAY['sign_in'::text, 'link'::text]))),
  CONSTRAINT oauth_states_verifier_is_sealed CHECK ((code_verifier ~~ 'enc:1:%'::text))
);
CREATE INDEX oauth_states_by_expiry ON public.oauth_states USING btree (expires_at);
CREATE INDEX oauth_states_by_user ON public.oauth_states USING btree (user_id);

CREATE TABLE ops_flags (
  id uuid NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  detail text NOT NULL,
  raised_at timestamp with time zone DEFAULT now() NOT NULL,
  cleared_at timestamp with time zone,
  CONSTRAINT ops_flags_pkey PRIMARY KEY (id),
  CONSTRAINT ops_flags_kind_known CHECK ((kind = ANY (ARRAY['unknown_signal'::text, 'mail_gave_up'::text, 'unhandled_webhook'::text, 'account_gone'::text, 'seller_funds_short'::text, 'stripe_refuses_our_key'::text, 'amount_differs'::text, 'capture_differs'::text, 'late_payment'::text, 'succeeded_after_failed'::text, 'failed_after_succeeded'::text, 'give_back_failed'::text, 'orphan_failed'::text, 'outside_refund_unbooked'::text, 'refunded_beyond_captured'::text, 'dispute_opened'::text, 'dispute_expired'::text, 'dispute_unbooked'::text, 'dispute_contradicted'::text, 'reversal_gave_up'::text, 'reversal_happened_after_all'::text, 'outside_reversal'::text, 'transfer_gave_up'::text, 'transfer_happened_after_all'::text, 'transfer_without_id'::text, 'psp_refuses_our_key'::text, 'payout_gave_up'::text, 'payout_paid_after_failed'::text, 'outside_payout'::text, 'phantom'::text, 'renewal_unanswered'::text, 'double_payment'::text, 'psp_retries_itself'::text, 'statement_exceptions'::text, 'export_failed'::text, 'deletion_waits'::text, 'erasing_held_up'::text, 'erasure_undone'::text])))
);
CREATE INDEX ops_flags_by_subject ON public.ops_flags USING btree (subject);
CREATE UNIQUE INDEX ops_flags_one_open ON public.ops_flags USING btree (kind, subject) WHERE (cleared_at IS NULL);
CREATE INDEX ops_flags_open ON public.ops_flags USING btree (raised_at) WHERE (cleared_at IS NULL);

CREATE TABLE order_items (
  id uuid NOT NULL,
  order_id uuid NOT NULL,
  "position" integer NOT NULL,
  product_id uuid NOT NULL,
  seller_id uuid NOT NULL,
  amount_minor bigint NOT NULL,
  platform_fee_minor bigint NOT NULL,
  CONSTRAINT order_items_pkey PRIMARY KEY (id),
  CONSTRAINT order_items_order_id_orders_id_fk FOREIGN KEY (order_id) REFERENCES orders(id),
  CONSTRAINT order_items_product_id_products_id_fk FOREIGN KEY (product_id) REFERENCES products(id),
  CONSTRAINT order_items_seller_id_users_id_fk FOREIGN KEY (seller_id) REFERENCES users(id),
  CONSTRAINT order_items_amount_sane CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT order_items_fee_within_amount CHECK (((platform_fee_minor >= 0) AND (platform_fee_minor <= amount_minor)))
);
CREATE INDEX order_items_by_seller ON public.order_items USING btree (seller_id);
CREATE UNIQUE INDEX order_items_position_key ON public.order_items USING btree (order_id, "position");

CREATE TABLE orders (
  id uuid NOT NULL,
  buyer_id uuid NOT NULL,
  total_minor bigint NOT NULL,
  captured_minor bigint,
  captured_currency text,
  refunded_minor bigint DEFAULT 0 NOT NULL,
  currency text NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  payment_id text,
  payment_client_secret text,
  payment_status text,
  connector_transaction_id text,
  refund_deadline timestamp with time zone,
  completed_at timestamp with time zone,
  failure_reason text,
  reconcile_checked_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  work_checked_at timestamp with time zone,
  payment_watched_until timestamp with time zone,
  outside_checked_at timestamp with time zone,
  outside_over boolean DEFAULT false NOT NULL,
  CONSTRAINT orders_pkey PRIMARY KEY (id),
  CONSTRAINT orders_buyer_id_users_id_fk FOREIGN KEY (buyer_id) REFERENCES users(id),
  CONSTRAINT orders_captured_with_currency CHECK (((captured_minor IS NULL) = (captured_currency IS NULL))),
  CONSTRAINT orders_completed_is_captured CHECK (((status = ANY (ARRAY['pending'::text, 'failed'::text])) OR (captured_minor IS NOT NULL))),
  CONSTRAINT orders_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT orders_refunded_within_captured CHECK (((refunded_minor >= 0) AND (refunded_minor <= COALESCE(captured_minor, (0)::bigint)))),
  CONSTRAINT orders_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'completed'::text, 'failed'::text, 'refund_pending'::text, 'partially_refunded'::text, 'refunded'::text]))),
  CONSTRAINT orders_total_sane CHECK (((total_minor >= 1) AND (total_minor <= '9007199254740991'::bigint))),
  CONSTRAINT orders_watched_took_nothing CHECK (((payment_watched_until IS NULL) OR ((status = 'failed'::text) AND (captured_minor IS NULL))))
);
CREATE INDEX orders_by_buyer ON public.orders USING btree (buyer_id, created_at, id);
CREATE INDEX orders_by_connector_transaction ON public.orders USING btree (connector_transaction_id) WHERE (connector_transaction_id IS NOT NULL);
CREATE INDEX orders_captured_by_time ON public.orders USING btree (COALESCE(completed_at, created_at), id) WHERE (captured_minor IS NOT NULL);
CREATE INDEX orders_newest ON public.orders USING btree (created_at, id);
CREATE INDEX orders_open_by_buyer ON public.orders USING btree (buyer_id) WHERE (status = 'pending'::text);
CREATE INDEX orders_open_by_look ON public.orders USING btree (work_checked_at NULLS FIRST, created_at) WHERE (status = 'pending'::text);
CREATE UNIQUE INDEX orders_payment_key ON public.orders USING btree (payment_id);
CREATE INDEX orders_pending_by_look ON public.orders USING btree (reconcile_checked_at NULLS FIRST, created_at) WHERE (status = 'pending'::text);
CREATE INDEX orders_settled_by_look ON public.orders USING btree (COALESCE(outside_checked_at, completed_at, created_at) NULLS FIRST, created_at) WHERE ((captured_minor IS NOT NULL) AND (NOT outside_over));
CREATE INDEX orders_settled_by_time ON public.orders USING btree (COALESCE(completed_at, created_at)) WHERE ((captured_minor IS NOT NULL) AND (NOT outside_over));
CREATE INDEX orders_watched_by_look ON public.orders USING btree (reconcile_checked_at NULLS FIRST, created_at) WHERE (payment_watched_until IS NOT NULL);

CREATE TABLE payment_methods (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  provider_payment_method_id text NOT NULL,
  fingerprint_hash text,
  brand text NOT NULL,
  last4 text NOT NULL,
  exp_month integer NOT NULL,
  exp_year integer NOT NULL,
  replaced_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  refused_at timestamp with time zone,
  CONSTRAINT payment_methods_pkey PRIMARY KEY (id),
  CONSTRAINT "payment_methods_providerPaymentMethodId_unique" UNIQUE (provider_payment_method_id),
  CONSTRAINT payment_methods_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX payment_methods_by_user ON public.payment_methods USING btree (user_id, created_at);

CREATE TABLE person_keys (
  user_id uuid NOT NULL,
  key_id uuid NOT NULL,
  wrapped_key text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT person_keys_pkey PRIMARY KEY (user_id),
  CONSTRAINT "person_keys_keyId_unique" UNIQUE (key_id),
  CONSTRAINT person_keys_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX person_keys_by_ring_key ON public.person_keys USING btree (split_part(wrapped_key, ':'::text, 3));

CREATE TABLE phantom_subscriptions (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  sweep_id text NOT NULL,
  swept_on date NOT NULL,
  "row" jsonb NOT NULL,
  why text NOT NULL,
  CONSTRAINT phantom_subscriptions_pkey PRIMARY KEY (id)
);
CREATE INDEX phantom_subscriptions_by_day ON public.phantom_subscriptions USING btree (swept_on, id);
CREATE TRIGGER phantom_subscriptions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.phantom_subscriptions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE plan_prices (
  id uuid NOT NULL,
  plan_id text NOT NULL,
  billing_cycle text NOT NULL,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  valid_from timestamp with time zone NOT NULL,
  valid_until timestamp with time zone,
  CONSTRAINT plan_prices_pkey PRIMARY KEY (id),
  CONSTRAINT plan_prices_plan_id_plans_id_fk FOREIGN KEY (plan_id) REFERENCES plans(id),
  CONSTRAINT plan_prices_amount_sane CHECK (((amount_minor >= 0) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT plan_prices_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT plan_prices_cycle_known CHECK ((billing_cycle = ANY (ARRAY['monthly'::text, 'yearly'::text]))),
  CONSTRAINT plan_prices_validity_sane CHECK ((valid_until > valid_from))
);
CREATE UNIQUE INDEX plan_prices_one_open ON public.plan_prices USING btree (plan_id, billing_cycle) WHERE (valid_until IS NULL);

CREATE TABLE plans (
  id text NOT NULL,
  name text NOT NULL,
  rank integer NOT NULL,
  trial_days integer DEFAULT 0 NOT NULL,
  features jsonb NOT NULL,
  offered boolean DEFAULT true NOT NULL,
  CONSTRAINT plans_pkey PRIMARY KEY (id),
  CONSTRAINT plans_rank_unique UNIQUE (rank),
  CONSTRAINT plans_numbers_sane CHECK (((rank >= 0) AND (trial_days >= 0)))
);

CREATE TABLE platform_settings (
  key text NOT NULL,
  value_bool boolean,
  value_text text,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT platform_settings_pkey PRIMARY KEY (key),
  CONSTRAINT platform_settings_key_known CHECK ((key = ANY (ARRAY['maintenance_mode'::text, 'temporal_namespace_id'::text, 'last_sweep_at'::text, 'last_upkeep_at'::text, 'disputes_listed_at'::text, 'stripe_mode'::text])))
);

CREATE TABLE products (
  id uuid NOT NULL,
  seller_id uuid NOT NULL,
  title text NOT NULL,
  price_minor bigint NOT NULL,
  currency text NOT NULL,
  active boolean DEFAULT true NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT products_pkey PRIMARY KEY (id),
  CONSTRAINT products_seller_id_users_id_fk FOREIGN KEY (seller_id) REFERENCES users(id),
  CONSTRAINT products_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT products_price_sane CHECK (((price_minor >= 1) AND (price_minor <= '9007199254740991'::bigint)))
);
CREATE INDEX products_by_seller ON public.products USING btree (seller_id, created_at, id) WHERE active;
CREATE INDEX products_newest ON public.products USING btree (created_at, id);
CREATE INDEX products_of_seller ON public.products USING btree (seller_id);

CREATE TABLE provider_statements (
  id uuid NOT NULL,
  provider text NOT NULL,
  layout text NOT NULL,
  file_hash text NOT NULL,
  file_name text NOT NULL,
  covers jsonb NOT NULL,
  rows_read integer DEFAULT 0 NOT NULL,
  period_from timestamp with time zone,
  period_to timestamp with time zone,
  ignored jsonb DEFAULT '{}'::jsonb NOT NULL,
  loaded_at timestamp with time zone,
  matched_through integer DEFAULT 0 NOT NULL,
  matched jsonb DEFAULT '{}'::jsonb NOT NULL,
  missing_known_at timestamp with time zone,
  ended_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT provider_statements_pkey PRIMARY KEY (id),
  CONSTRAINT provider_statements_matched_within CHECK (((matched_through >= 0) AND (matched_through <= rows_read))),
  CONSTRAINT provider_statements_provider_known CHECK ((provider = ANY (ARRAY['hyperswitch'::text, 'stripe'::text])))
);
CREATE UNIQUE INDEX provider_statements_file_key ON public.provider_statements USING btree (file_hash, layout);
CREATE INDEX provider_statements_newest ON public.provider_statements USING btree (created_at, id);

CREATE TABLE rate_limits (
  name text NOT NULL,
  next_free_at timestamp with time zone NOT NULL,
  CONSTRAINT rate_limits_pkey PRIMARY KEY (name)
);

CREATE TABLE refresh_tokens (
  id uuid NOT NULL,
  session_id uuid NOT NULL,
  token_hash text NOT NULL,
  used_at timestamp with time zone,
  successor_id uuid,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT "refresh_tokens_tokenHash_unique" UNIQUE (token_hash),
  CONSTRAINT refresh_tokens_session_id_sessions_id_fk FOREIGN KEY (session_id) REFERENCES sessions(id),
  CONSTRAINT refresh_tokens_successor_id_refresh_tokens_id_fk FOREIGN KEY (successor_id) REFERENCES refresh_tokens(id),
  CONSTRAINT refresh_tokens_hash_is_sha256 CHECK ((token_hash ~ '^[0-9a-f]{64}$'::text))
);
CREATE INDEX refresh_tokens_by_session ON public.refresh_tokens USING btree (session_id);
CREATE INDEX refresh_tokens_by_successor ON public.refresh_tokens USING btree (successor_id) WHERE (successor_id IS NOT NULL);

CREATE TABLE refund_allocations (
  refund_id uuid NOT NULL,
  order_item_id uuid NOT NULL,
  seller_minor bigint NOT NULL,
  fee_minor bigint NOT NULL,
  seller_source text,
  fees_owed_minor bigint DEFAULT 0 NOT NULL,
  fees_netted_minor bigint DEFAULT 0 NOT NULL,
  in_flight_minor bigint DEFAULT 0 NOT NULL,
  written_off_minor bigint DEFAULT 0 NOT NULL,
  CONSTRAINT refund_allocations_refund_id_order_item_id_pk PRIMARY KEY (refund_id, order_item_id),
  CONSTRAINT refund_allocations_order_item_id_order_items_id_fk FOREIGN KEY (order_item_id) REFERENCES order_items(id),
  CONSTRAINT refund_allocations_refund_id_refunds_id_fk FOREIGN KEY (refund_id) REFERENCES refunds(id),
  CONSTRAINT refund_allocations_fee_sane CHECK (((fee_minor >= 0) AND (fee_minor <= '9007199254740991'::bigint))),
  CONSTRAINT refund_allocations_fees_within CHECK ((((fees_owed_minor >= 0) AND (fees_owed_minor <= seller_minor)) AND ((fees_netted_minor >= 0) AND (fees_netted_minor <= fees_owed_minor)))),
  CONSTRAINT refund_allocations_seller_sane CHECK (((seller_minor >= 0) AND (seller_minor <= '9007199254740991'::bigint))),
  CONSTRAINT refund_allocations_source_known CHECK ((seller_source = ANY (ARRAY['withheld'::text, 'in_flight'::text, 'available'::text]))),
  CONSTRAINT refund_allocations_written_off_within CHECK (((written_off_minor >= 0) AND (written_off_minor <= seller_minor)))
);
CREATE INDEX refund_allocations_by_item ON public.refund_allocations USING btree (order_item_id);
CREATE INDEX refund_allocations_fees_owed ON public.refund_allocations USING btree (order_item_id) WHERE (fees_netted_minor < fees_owed_minor);

CREATE TABLE refund_events (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  refund_id uuid NOT NULL,
  stage text NOT NULL,
  at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT refund_events_pkey PRIMARY KEY (id),
  CONSTRAINT refund_events_refund_id_refunds_id_fk FOREIGN KEY (refund_id) REFERENCES refunds(id),
  CONSTRAINT refund_events_stage_known CHECK ((stage = ANY (ARRAY['accepted'::text, 'pending'::text, 'succeeded'::text, 'failed'::text, 'returned'::text])))
);
CREATE INDEX refund_events_by_refund ON public.refund_events USING btree (refund_id, id);
CREATE TRIGGER refund_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.refund_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE refunds (
  id uuid NOT NULL,
  order_id uuid,
  kind text DEFAULT 'requested'::text NOT NULL,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  reason text,
  requested_by uuid,
  by_items boolean DEFAULT false NOT NULL,
  excess_minor bigint DEFAULT 0 NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  hyperswitch_refund_id text,
  error_message text,
  succeeded_at timestamp with time zone,
  failed_at timestamp with time zone,
  reconcile_checked_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  orphan_missed_at timestamp with time zone,
  work_checked_at timestamp with time zone,
  provider_updated_at timestamp with time zone,
  asked_at timestamp with time zone,
  exists_by text,
  given_up_at timestamp with time zone,
  dispute_id uuid,
  invoice_id uuid,
  payment_id text,
  ends_access boolean DEFAULT false NOT NULL,
  CONSTRAINT refunds_pkey PRIMARY KEY (id),
  CONSTRAINT refunds_dispute_id_disputes_id_fk FOREIGN KEY (dispute_id) REFERENCES disputes(id),
  CONSTRAINT refunds_invoice_id_invoices_id_fk FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  CONSTRAINT refunds_order_id_orders_id_fk FOREIGN KEY (order_id) REFERENCES orders(id),
  CONSTRAINT refunds_requested_by_users_id_fk FOREIGN KEY (requested_by) REFERENCES users(id),
  CONSTRAINT refunds_amount_sane CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT refunds_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT refunds_excess_within_amount CHECK (((excess_minor >= 0) AND (excess_minor <= amount_minor))),
  CONSTRAINT refunds_exists_by_known CHECK ((exists_by = ANY (ARRAY['HE_01'::text, 'IR_13'::text]))),
  CONSTRAINT refunds_kind_known CHECK ((kind = ANY (ARRAY['requested'::text, 'external'::text, 'payment_returned'::text, 'dispute'::text]))),
  CONSTRAINT refunds_of_one_purchase CHECK ((num_nonnulls(order_id, invoice_id) = 1)),
  CONSTRAINT refunds_other_payment_of_invoice CHECK (((payment_id IS NULL) OR (invoice_id IS NOT NULL))),
  CONSTRAINT refunds_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'succeeded'::text, 'failed'::text, 'returned'::text])))
);
CREATE INDEX refunds_by_dispute ON public.refunds USING btree (dispute_id) WHERE (dispute_id IS NOT NULL);
CREATE INDEX refunds_by_invoice ON public.refunds USING btree (invoice_id, created_at, id) WHERE (invoice_id IS NOT NULL);
CREATE INDEX refunds_by_order ON public.refunds USING btree (order_id, created_at, id);
CREATE INDEX refunds_by_requester ON public.refunds USING btree (requested_by) WHERE (requested_by IS NOT NULL);
CREATE INDEX refunds_by_time ON public.refunds USING btree (created_at);
CREATE UNIQUE INDEX refunds_one_open_per_invoice ON public.refunds USING btree (invoice_id) WHERE ((status = 'pending'::text) AND (payment_id IS NULL));
CREATE UNIQUE INDEX refunds_one_open_per_order ON public.refunds USING btree (order_id) WHERE (status = 'pending'::text);
CREATE UNIQUE INDEX refunds_one_open_per_payment ON public.refunds USING btree (payment_id) WHERE ((status = 'pending'::text) AND (payment_id IS NOT NULL));
CREATE INDEX refunds_open_by_look ON public.refunds USING btree (work_checked_at NULLS FIRST, created_at) WHERE (status = 'pending'::text);
CREATE INDEX refunds_pending_by_look ON public.refunds USING btree (reconcile_checked_at NULLS FIRST, created_at) WHERE (status = 'pending'::text);
CREATE UNIQUE INDEX refunds_provider_key ON public.refunds USING btree (hyperswitch_refund_id);
CREATE INDEX refunds_succeeded_by_time ON public.refunds USING btree (succeeded_at, id) WHERE (succeeded_at IS NOT NULL);
CREATE TRIGGER refunds_record_events AFTER INSERT OR UPDATE OF status, hyperswitch_refund_id ON public.refunds FOR EACH ROW EXECUTE FUNCTION record_refund_event();

CREATE TABLE revenue_schedules (
  id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  amount_minor bigint NOT NULL,
  recognised_minor bigint DEFAULT 0 NOT NULL,
  currency text NOT NULL,
  starts_at timestamp with time zone NOT NULL,
  ends_at timestamp with time zone NOT NULL,
  CONSTRAINT revenue_schedules_pkey PRIMARY KEY (id),
  CONSTRAINT "revenue_schedules_invoiceId_unique" UNIQUE (invoice_id),
  CONSTRAINT revenue_schedules_invoice_id_invoices_id_fk FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  CONSTRAINT revenue_schedules_amount_sane CHECK (((amount_minor >= 0) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT revenue_schedules_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT revenue_schedules_recognised_within CHECK (((recognised_minor >= 0) AND (recognised_minor <= amount_minor))),
  CONSTRAINT revenue_schedules_time_sane CHECK ((ends_at > starts_at))
);
CREATE INDEX revenue_schedules_open ON public.revenue_schedules USING btree (starts_at, id) WHERE (recognised_minor < amount_minor);

CREATE TABLE seller_accounts (
  user_id uuid NOT NULL,
  stripe_account_id text,
  transfers_enabled boolean,
  payouts_enabled boolean,
  country text,
  idempotency_key text,
  asked_at timestamp with time zone,
  link_url text,
  link_expires_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT seller_accounts_pkey PRIMARY KEY (user_id),
  CONSTRAINT seller_accounts_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT seller_accounts_asked_whole CHECK (((asked_at IS NULL) OR (idempotency_key IS NOT NULL))),
  CONSTRAINT seller_accounts_country_iso CHECK ((country ~ '^[A-Z]{2}$'::text))
);
CREATE UNIQUE INDEX seller_accounts_stripe_account_key ON public.seller_accounts USING btree (stripe_account_id);

CREATE TABLE seller_balances (
  seller_id uuid NOT NULL,
  currency text NOT NULL,
  pending_minor bigint DEFAULT 0 NOT NULL,
  available_minor bigint DEFAULT 0 NOT NULL,
  paying_out_minor bigint DEFAULT 0 NOT NULL,
  owed_minor bigint DEFAULT 0 NOT NULL,
  fees_owed_minor bigint DEFAULT 0 NOT NULL,
  rest_minor bigint DEFAULT 0 NOT NULL,
  CONSTRAINT seller_balances_seller_id_currency_pk PRIMARY KEY (seller_id, currency),
  CONSTRAINT seller_balances_seller_id_users_id_fk FOREIGN KEY (seller_id) REFERENCES users(id),
  CONSTRAINT seller_balances_available_sane CHECK (((available_minor >= 0) AND (available_minor <= '9007199254740991'::bigint))),
  CONSTRAINT seller_balances_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT seller_balances_fees_owed_sane CHECK (((fees_owed_minor >= 0) AND (fees_owed_minor <= '9007199254740991'::bigint))),
  CONSTRAINT seller_balances_owed_sane CHECK (((owed_minor >= 0) AND (owed_minor <= '9007199254740991'::bigint))),
  CONSTRAINT seller_balances_paying_out_sane CHECK (((paying_out_minor >= 0) AND (paying_out_minor <= '9007199254740991'::bigint))),
  CONSTRAINT seller_balances_pending_sane CHECK (((pending_minor >= 0) AND (pending_minor <= '9007199254740991'::bigint))),
  CONSTRAINT seller_balances_rest_sane CHECK (((rest_minor >= 0) AND (rest_minor <= '9007199254740991'::bigint)))
);

CREATE TABLE seller_payouts (
  id uuid NOT NULL,
  seller_id uuid NOT NULL,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  external_payout_id text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  stripe_account_id text,
  idempotency_key text,
  asked_at timestamp with time zone,
  retry_count integer DEFAULT 0 NOT NULL,
  next_retry_at timestamp with time zone,
  error_message text,
  waiting_for text,
  paid_at timestamp with time zone,
  failed_at timestamp with time zone,
  work_checked_at timestamp with time zone,
  given_up_at timestamp with time zone,
  needs_new_key boolean DEFAULT false NOT NULL,
  missed_at timestamp with time zone,
  differing_id text,
  differing_minor bigint,
  CONSTRAINT seller_payouts_pkey PRIMARY KEY (id),
  CONSTRAINT seller_payouts_seller_id_users_id_fk FOREIGN KEY (seller_id) REFERENCES users(id),
  CONSTRAINT seller_payouts_amount_sane CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT seller_payouts_asked_whole CHECK (((asked_at IS NULL) OR (idempotency_key IS NOT NULL))),
  CONSTRAINT seller_payouts_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT seller_payouts_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text]))),
  CONSTRAINT seller_payouts_waiting_for_known CHECK ((waiting_for = ANY (ARRAY['seller_funds'::text, 'stripe_key'::text, 'rate_limit'::text, 'account_gone'::text, 'amount_differs'::text, 'last_look'::text, 'look_up'::text])))
);
CREATE INDEX seller_payouts_by_seller ON public.seller_payouts USING btree (seller_id, created_at, id);
CREATE INDEX seller_payouts_by_status ON public.seller_payouts USING btree (status, created_at, id) WHERE (status <> 'paid'::text);
CREATE UNIQUE INDEX seller_payouts_external_key ON public.seller_payouts USING btree (external_payout_id);
CREATE INDEX seller_payouts_newest ON public.seller_payouts USING btree (created_at, id);
CREATE INDEX seller_payouts_open_by_look ON public.seller_payouts USING btree (work_checked_at NULLS FIRST, created_at) WHERE (status = 'pending'::text);
CREATE INDEX seller_payouts_paid_by_time ON public.seller_payouts USING btree (paid_at, id) WHERE (paid_at IS NOT NULL);

CREATE TABLE seller_postings (
  seller_id uuid NOT NULL,
  currency text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  first_entry_id bigint NOT NULL,
  transaction_id uuid NOT NULL,
  pending_change bigint DEFAULT 0 NOT NULL,
  available_change bigint DEFAULT 0 NOT NULL,
  paying_out_change bigint DEFAULT 0 NOT NULL,
  owed_change bigint DEFAULT 0 NOT NULL,
  fees_owed_change bigint DEFAULT 0 NOT NULL,
  connected_change bigint DEFAULT 0 NOT NULL,
  pending_minor bigint DEFAULT 0 NOT NULL,
  available_minor bigint DEFAULT 0 NOT NULL,
  paying_out_minor bigint DEFAULT 0 NOT NULL,
  owed_minor bigint DEFAULT 0 NOT NULL,
  fees_owed_minor bigint DEFAULT 0 NOT NULL,
  connected_minor bigint DEFAULT 0 NOT NULL,
  CONSTRAINT seller_postings_seller_id_created_at_first_entry_id_pk PRIMARY KEY (seller_id, created_at, first_entry_id)
);
CREATE INDEX seller_postings_by_currency ON public.seller_postings USING btree (seller_id, currency, created_at, first_entry_id);
CREATE INDEX seller_postings_by_transaction ON public.seller_postings USING btree (transaction_id, seller_id);

CREATE TABLE seller_transfers (
  id uuid NOT NULL,
  order_id uuid NOT NULL,
  seller_id uuid NOT NULL,
  stripe_account_id text,
  amount_minor bigint NOT NULL,
  reversed_minor bigint DEFAULT 0 NOT NULL,
  currency text NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  stripe_transfer_id text,
  idempotency_key text,
  asked_amount_minor bigint,
  asked_at timestamp with time zone,
  retry_count integer DEFAULT 0 NOT NULL,
  next_retry_at timestamp with time zone,
  error_message text,
  waiting_for text,
  retry_of uuid,
  completed_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  work_checked_at timestamp with time zone,
  missed_at timestamp with time zone,
  CONSTRAINT seller_transfers_pkey PRIMARY KEY (id),
  CONSTRAINT seller_transfers_order_id_orders_id_fk FOREIGN KEY (order_id) REFERENCES orders(id),
  CONSTRAINT seller_transfers_retry_of_seller_transfers_id_fk FOREIGN KEY (retry_of) REFERENCES seller_transfers(id),
  CONSTRAINT seller_transfers_seller_id_users_id_fk FOREIGN KEY (seller_id) REFERENCES users(id),
  CONSTRAINT seller_transfers_amount_sane CHECK (((amount_minor >= 0) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT seller_transfers_asked_frozen CHECK (((asked_amount_minor IS NULL) OR (asked_amount_minor = amount_minor))),
  CONSTRAINT seller_transfers_asked_whole CHECK ((((asked_at IS NULL) = (asked_amount_minor IS NULL)) AND ((asked_at IS NULL) OR (idempotency_key IS NOT NULL)))),
  CONSTRAINT seller_transfers_currency_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT seller_transfers_failed_has_next CHECK (((status <> 'failed'::text) OR (next_retry_at IS NOT NULL))),
  CONSTRAINT seller_transfers_reversal_has_next CHECK (((status <> 'reversal_pending'::text) OR (next_retry_at IS NOT NULL))),
  CONSTRAINT seller_transfers_reversed_within CHECK (((reversed_minor >= 0) AND (reversed_minor <= amount_minor))),
  CONSTRAINT seller_transfers_sent_has_id CHECK (((status <> ALL (ARRAY['completed'::text, 'reversal_pending'::text, 'reversed'::text])) OR (completed_at IS NOT NULL))),
  CONSTRAINT seller_transfers_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'completed'::text, 'failed'::text, 'reversal_pending'::text, 'reversed'::text, 'permanently_failed'::text, 'settled_outside'::text, 'written_off'::text]))),
  CONSTRAINT seller_transfers_waiting_for_known CHECK ((waiting_for = ANY (ARRAY['stripe_account'::text, 'platform_balance'::text, 'stripe_key'::text, 'rate_limit'::text, 'dispute'::text, 'amount_differs'::text, 'last_look'::text, 'look_up'::text])))
);
CREATE INDEX seller_transfers_by_order ON public.seller_transfers USING btree (order_id);
CREATE INDEX seller_transfers_by_seller ON public.seller_transfers USING btree (seller_id);
CREATE INDEX seller_transfers_by_status ON public.seller_transfers USING btree (status, created_at, id) WHERE (status <> 'completed'::text);
CREATE INDEX seller_transfers_completed_by_time ON public.seller_transfers USING btree (completed_at, id) WHERE (completed_at IS NOT NULL);
CREATE INDEX seller_transfers_failed_due ON public.seller_transfers USING btree (status, next_retry_at) WHERE (status = 'failed'::text);
CREATE INDEX seller_transfers_gave_up ON public.seller_transfers USING btree (created_at, id) WHERE ((status = 'permanently_failed'::text) AND (completed_at IS NULL) AND (amount_minor > 0));
CREATE INDEX seller_transfers_newest ON public.seller_transfers USING btree (created_at, id);
CREATE UNIQUE INDEX seller_transfers_one_per_seller ON public.seller_transfers USING btree (order_id, seller_id) WHERE (retry_of IS NULL);
CREATE INDEX seller_transfers_open_by_look ON public.seller_transfers USING btree (work_checked_at NULLS FIRST, created_at) WHERE (status = ANY (ARRAY['pending'::text, 'failed'::text]));
CREATE UNIQUE INDEX seller_transfers_retry_of_key ON public.seller_transfers USING btree (retry_of);
CREATE INDEX seller_transfers_reversal_due ON public.seller_transfers USING btree (status, next_retry_at) WHERE (status = 'reversal_pending'::text);
CREATE UNIQUE INDEX seller_transfers_stripe_key ON public.seller_transfers USING btree (stripe_transfer_id) WHERE ((stripe_transfer_id IS NOT NULL) AND (stripe_transfer_id <> ''::text));
CREATE INDEX seller_transfers_without_id ON public.seller_transfers USING btree (id) WHERE ((completed_at IS NOT NULL) AND ((stripe_transfer_id IS NULL) OR (stripe_transfer_id = ''::text)));

CREATE TABLE sessions (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL,
  secret_hash text NOT NULL,
  amr text[] NOT NULL,
  authenticated_at timestamp with time zone DEFAULT now() NOT NULL,
  last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  end_reason text,
  ip text,
  user_agent text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  tokens_removed_at timestamp with time zone,
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT sessions_amr_known CHECK (((cardinality(amr) > 0) AND (amr <@ ARRAY['pwd'::text, 'otp'::text, 'backup'::text, 'oauth'::text, 'cli'::text]))),
  CONSTRAINT sessions_end_has_reason CHECK (((ended_at IS NULL) = (end_reason IS NULL))),
  CONSTRAINT sessions_end_reason_known CHECK ((end_reason = ANY (ARRAY['logout'::text, 'revoked'::text, 'password_changed'::text, 'password_reset'::text, 'two_factor_changed'::text, 'refresh_token_reused'::text, 'by_operator'::text, 'account_disabled'::text, 'account_closing'::text, 'stepped_up'::text]))),
  CONSTRAINT sessions_kind_known CHECK ((kind = ANY (ARRAY['token'::text, 'cookie'::text, 'console'::text, 'ops'::text]))),
  CONSTRAINT sessions_secret_is_sha256 CHECK ((secret_hash ~ '^[0-9a-f]{64}$'::text))
);
CREATE INDEX sessions_by_end ON public.sessions USING btree (LEAST(ended_at, expires_at), id);
CREATE INDEX sessions_by_secret ON public.sessions USING btree (secret_hash);
CREATE INDEX sessions_by_user ON public.sessions USING btree (user_id, created_at, id);
CREATE INDEX sessions_open_by_user ON public.sessions USING btree (user_id, created_at, id) WHERE (ended_at IS NULL);
CREATE INDEX sessions_to_forget ON public.sessions USING btree (created_at, id) WHERE ((ip IS NOT NULL) OR (user_agent IS NOT NULL));
CREATE INDEX sessions_with_tokens ON public.sessions USING btree (LEAST(ended_at, expires_at), id) WHERE ((kind = 'token'::text) AND (tokens_removed_at IS NULL));

CREATE TABLE statement_claims (
  statement_id uuid NOT NULL,
  kind text NOT NULL,
  subject_id uuid NOT NULL,
  row_number integer NOT NULL,
  CONSTRAINT statement_claims_statement_id_kind_subject_id_pk PRIMARY KEY (statement_id, kind, subject_id),
  CONSTRAINT statement_claims_kind_known CHECK ((kind = ANY (ARRAY['payment'::text, 'refund'::text, 'transfer'::text, 'reversal'::text, 'payout'::text, 'dispute'::text, 'refund_return'::text, 'payout_return'::text, 'dispute_return'::text])))
);

CREATE TABLE statement_exceptions (
  id uuid NOT NULL,
  "position" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  statement_id uuid NOT NULL,
  kind text NOT NULL,
  row_kind text,
  subject text,
  line integer,
  "column" text,
  ref text,
  theirs_minor bigint,
  theirs_currency text,
  ours_minor bigint,
  ours_currency text,
  moved_at timestamp with time zone,
  detail text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  resolved_at timestamp with time zone,
  resolved_by text,
  resolution text,
  CONSTRAINT statement_exceptions_pkey PRIMARY KEY (id),
  CONSTRAINT statement_exceptions_statement_id_provider_statements_id_fk FOREIGN KEY (statement_id) REFERENCES provider_statements(id),
  CONSTRAINT statement_exceptions_kind_known CHECK ((kind = ANY (ARRAY['amount_differs'::text, 'missing_here'::text, 'missing_there'::text, 'claimed_twice'::text, 'bad_row'::text]))),
  CONSTRAINT statement_exceptions_resolved_whole CHECK ((((resolved_at IS NULL) = (resolved_by IS NULL)) AND ((resolved_at IS NULL) = (resolution IS NULL)))),
  CONSTRAINT statement_exceptions_row_kind_known CHECK ((row_kind = ANY (ARRAY['payment'::text, 'refund'::text, 'transfer'::text, 'reversal'::text, 'payout'::text, 'dispute'::text, 'refund_return'::text, 'payout_return'::text, 'dispute_return'::text])))
);
CREATE INDEX statement_exceptions_by_kind ON public.statement_exceptions USING btree (statement_id, kind, "position");
CREATE INDEX statement_exceptions_by_statement ON public.statement_exceptions USING btree (statement_id, "position");
CREATE INDEX statement_exceptions_by_subject ON public.statement_exceptions USING btree (subject);
CREATE UNIQUE INDEX statement_exceptions_missed_once ON public.statement_exceptions USING btree (statement_id, subject, COALESCE(ref, ''::text)) WHERE (kind = 'missing_there'::text);
CREATE INDEX statement_exceptions_open ON public.statement_exceptions USING btree (statement_id, "position") WHERE (resolved_at IS NULL);
CREATE UNIQUE INDEX statement_exceptions_position_key ON public.statement_exceptions USING btree ("position");

CREATE TABLE statement_rows (
  statement_id uuid NOT NULL,
  row_number integer NOT NULL,
  line integer NOT NULL,
  kind text NOT NULL,
  ref text NOT NULL,
  alt_ref text,
  our_ref text,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  at timestamp with time zone NOT NULL,
  CONSTRAINT statement_rows_statement_id_row_number_pk PRIMARY KEY (statement_id, row_number),
  CONSTRAINT statement_rows_kind_known CHECK ((kind = ANY (ARRAY['payment'::text, 'refund'::text, 'transfer'::text, 'reversal'::text, 'payout'::text, 'dispute'::text, 'refund_return'::text, 'payout_return'::text, 'dispute_return'::text])))
);

CREATE TABLE subscription_changes (
  id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  to_price_id uuid NOT NULL,
  quoted_at timestamp with time zone NOT NULL,
  invoice_id uuid,
  status text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT subscription_changes_pkey PRIMARY KEY (id),
  CONSTRAINT subscription_changes_invoice_id_invoices_id_fk FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  CONSTRAINT subscription_changes_subscription_id_subscriptions_id_fk FOREIGN KEY (subscription_id) REFERENCES subscriptions(id),
  CONSTRAINT subscription_changes_to_price_id_plan_prices_id_fk FOREIGN KEY (to_price_id) REFERENCES plan_prices(id),
  CONSTRAINT subscription_changes_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'scheduled'::text, 'applied'::text, 'failed'::text, 'replaced'::text])))
);
CREATE INDEX subscription_changes_by_subscription ON public.subscription_changes USING btree (subscription_id, created_at, id);
CREATE UNIQUE INDEX subscription_changes_invoice_key ON public.subscription_changes USING btree (invoice_id);
CREATE UNIQUE INDEX subscription_changes_one_pending ON public.subscription_changes USING btree (subscription_id) WHERE (status = 'pending'::text);
CREATE UNIQUE INDEX subscription_changes_one_scheduled ON public.subscription_changes USING btree (subscription_id) WHERE (status = 'scheduled'::text);

CREATE TABLE subscriptions (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  price_id uuid NOT NULL,
  status text NOT NULL,
  anchor_at timestamp with time zone,
  period_index integer DEFAULT 0 NOT NULL,
  current_period_start timestamp with time zone,
  current_period_end timestamp with time zone,
  trial_end timestamp with time zone,
  cancel_requested_at timestamp with time zone,
  cancel_cause text,
  payment_method_id uuid,
  next_due_at timestamp with time zone,
  dunning_since timestamp with time zone,
  dunning_index integer DEFAULT 0 NOT NULL,
  moves_to_price_id uuid,
  moves_price_after timestamp with time zone,
  ended_at timestamp with time zone,
  end_reason text,
  work_checked_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL,
  card_begun_at timestamp with time zone,
  CONSTRAINT subscriptions_pkey PRIMARY KEY (id),
  CONSTRAINT subscriptions_moves_to_price_id_plan_prices_id_fk FOREIGN KEY (moves_to_price_id) REFERENCES plan_prices(id),
  CONSTRAINT subscriptions_payment_method_id_payment_methods_id_fk FOREIGN KEY (payment_method_id) REFERENCES payment_methods(id),
  CONSTRAINT subscriptions_price_id_plan_prices_id_fk FOREIGN KEY (price_id) REFERENCES plan_prices(id),
  CONSTRAINT subscriptions_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT subscriptions_cancel_cause_known CHECK ((cancel_cause = ANY (ARRAY['person'::text, 'dispute'::text]))),
  CONSTRAINT subscriptions_counts_sane CHECK (((period_index >= 0) AND (dunning_index >= 0))),
  CONSTRAINT subscriptions_end_reason_known CHECK ((end_reason = ANY (ARRAY['asked'::text, 'replaced'::text, 'unpaid'::text, 'trial_without_card'::text, 'trial_used'::text, 'dunning_over'::text, 'refunded'::text, 'dispute_lost'::text, 'disputed'::text, 'phantom'::text, 'ended_by_operator'::text]))),
  CONSTRAINT subscriptions_ended_says_why CHECK (((status = ANY (ARRAY['expired'::text, 'canceled'::text])) = ((ended_at IS NOT NULL) AND (end_reason IS NOT NULL)))),
  CONSTRAINT subscriptions_period_whole CHECK (((num_nonnulls(current_period_start, current_period_end) <> 1) AND (current_period_end > current_period_start))),
  CONSTRAINT subscriptions_status_known CHECK ((status = ANY (ARRAY['pending_payment'::text, 'trialing'::text, 'active'::text, 'canceling'::text, 'past_due'::text, 'canceled'::text, 'expired'::text])))
);
CREATE INDEX subscriptions_by_status ON public.subscriptions USING btree (status, created_at, id);
CREATE INDEX subscriptions_by_user ON public.subscriptions USING btree (user_id, created_at, id);
CREATE INDEX subscriptions_due ON public.subscriptions USING btree (next_due_at) WHERE (next_due_at IS NOT NULL);
CREATE INDEX subscriptions_in_force ON public.subscriptions USING btree (price_id) WHERE (status = ANY (ARRAY['active'::text, 'trialing'::text, 'canceling'::text]));
CREATE UNIQUE INDEX subscriptions_one_live_per_user ON public.subscriptions USING btree (user_id) WHERE (status <> ALL (ARRAY['expired'::text, 'canceled'::text]));

CREATE TABLE transfer_reversals (
  id uuid NOT NULL,
  transfer_id uuid NOT NULL,
  refund_id uuid,
  amount_minor bigint NOT NULL,
  covered_minor bigint DEFAULT 0 NOT NULL,
  suspense_minor bigint DEFAULT 0 NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  stripe_reversal_id text,
  idempotency_key text,
  asked_at timestamp with time zone,
  retry_count integer DEFAULT 0 NOT NULL,
  next_retry_at timestamp with time zone,
  error_message text,
  waiting_for text,
  retry_of uuid,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  ended_at timestamp with time zone,
  work_checked_at timestamp with time zone,
  given_up_at timestamp with time zone,
  needs_new_key boolean DEFAULT false NOT NULL,
  done_within_refund boolean DEFAULT false NOT NULL,
  CONSTRAINT transfer_reversals_pkey PRIMARY KEY (id),
  CONSTRAINT transfer_reversals_refund_id_refunds_id_fk FOREIGN KEY (refund_id) REFERENCES refunds(id),
  CONSTRAINT transfer_reversals_retry_of_transfer_reversals_id_fk FOREIGN KEY (retry_of) REFERENCES transfer_reversals(id),
  CONSTRAINT transfer_reversals_transfer_id_seller_transfers_id_fk FOREIGN KEY (transfer_id) REFERENCES seller_transfers(id),
  CONSTRAINT transfer_reversals_amount_sane CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint))),
  CONSTRAINT transfer_reversals_covered_within CHECK (((covered_minor >= 0) AND (covered_minor <= amount_minor))),
  CONSTRAINT transfer_reversals_open_has_next CHECK (((status <> 'pending'::text) OR (next_retry_at IS NOT NULL))),
  CONSTRAINT transfer_reversals_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'reversed'::text, 'permanently_failed'::text, 'settled_outside'::text, 'written_off'::text, 'withdrawn'::text]))),
  CONSTRAINT transfer_reversals_suspense_only_outside CHECK (((suspense_minor = 0) OR ((refund_id IS NULL) AND ((suspense_minor >= 0) AND (suspense_minor <= amount_minor))))),
  CONSTRAINT transfer_reversals_waiting_for_known CHECK ((waiting_for = ANY (ARRAY['seller_funds'::text, 'stripe_key'::text, 'rate_limit'::text, 'amount_differs'::text])))
);
CREATE INDEX transfer_reversals_by_refund ON public.transfer_reversals USING btree (refund_id);
CREATE INDEX transfer_reversals_by_status ON public.transfer_reversals USING btree (status, created_at, id) WHERE (status <> 'reversed'::text);
CREATE INDEX transfer_reversals_by_transfer ON public.transfer_reversals USING btree (transfer_id);
CREATE INDEX transfer_reversals_due ON public.transfer_reversals USING btree (next_retry_at) WHERE (status = 'pending'::text);
CREATE INDEX transfer_reversals_newest ON public.transfer_reversals USING btree (created_at, id);
CREATE UNIQUE INDEX transfer_reversals_one_per_refund ON public.transfer_reversals USING btree (transfer_id, refund_id) WHERE (retry_of IS NULL);
CREATE INDEX transfer_reversals_open_by_look ON public.transfer_reversals USING btree (work_checked_at NULLS FIRST, created_at) WHERE (status = 'pending'::text);
CREATE UNIQUE INDEX transfer_reversals_retry_of_key ON public.transfer_reversals USING btree (retry_of);
CREATE INDEX transfer_reversals_reversed_by_time ON public.transfer_reversals USING btree (ended_at, id) WHERE (status = 'reversed'::text);
CREATE UNIQUE INDEX transfer_reversals_stripe_key ON public.transfer_reversals USING btree (stripe_reversal_id) WHERE ((stripe_reversal_id IS NOT NULL) AND (stripe_reversal_id <> ''::text));

CREATE TABLE trial_cards (
  fingerprint_hash text NOT NULL,
  user_id uuid NOT NULL,
  CONSTRAINT trial_cards_fingerprint_hash_user_id_pk PRIMARY KEY (fingerprint_hash, user_id)
);

CREATE TABLE trial_uses (
  user_id uuid NOT NULL,
  email_hash text NOT NULL,
  fingerprint_hash text,
  used_at timestamp with time zone NOT NULL,
  CONSTRAINT trial_uses_pkey PRIMARY KEY (user_id),
  CONSTRAINT "trial_uses_emailHash_unique" UNIQUE (email_hash)
);
CREATE INDEX trial_uses_by_fingerprint ON public.trial_uses USING btree (fingerprint_hash);

CREATE TABLE two_factor_challenges (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  token_hash text NOT NULL,
  failures integer DEFAULT 0 NOT NULL,
  amr text[] NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT two_factor_challenges_pkey PRIMARY KEY (id),
  CONSTRAINT "two_factor_challenges_tokenHash_unique" UNIQUE (token_hash),
  CONSTRAINT two_factor_challenges_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT two_factor_challenges_hash_is_sha256 CHECK ((token_hash ~ '^[0-9a-f]{64}$'::text))
);
CREATE INDEX two_factor_challenges_by_expiry ON public.two_factor_challenges USING btree (expires_at, id);
CREATE INDEX two_factor_challenges_by_user ON public.two_factor_challenges USING btree (user_id);

CREATE TABLE two_factors (
  user_id uuid NOT NULL,
  secret text NOT NULL,
  confirmed_at timestamp with time zone,
  last_step bigint,
  failures integer DEFAULT 0 NOT NULL,
  blocked_until timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT two_factors_pkey PRIMARY KEY (user_id),
  CONSTRAINT two_factors_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id),
  CONSTRAINT two_factors_secret_is_sealed CHECK ((secret ~~ 'enc:1:%'::text))
);

CREATE TABLE user_profiles (
  user_id uuid NOT NULL,
  display_name text NOT NULL,
  bio text,
  avatar_key text,
  country text,
  links text[] DEFAULT '{}'::text[] NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT user_profiles_pkey PRIMARY KEY (user_id),
  CONSTRAINT user_profiles_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE users (
  id uuid NOT NULL,
  email text NOT NULL,
  role text NOT NULL,
  is_verified boolean DEFAULT false NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  status text DEFAULT 'active'::text NOT NULL,
  password_hash text,
  promoted_to_creator_at timestamp with time zone,
  registered_at timestamp with time zone,
  is_barred boolean DEFAULT false NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_barred_is_leaving CHECK (((NOT is_barred) OR (status = ANY (ARRAY['closing'::text, 'erasing'::text, 'erased'::text])))),
  CONSTRAINT users_role_known CHECK ((role = ANY (ARRAY['user'::text, 'creator'::text, 'premium'::text, 'moderator'::text, 'admin'::text, 'artist'::text, 'producer'::text, 'label'::text]))),
  CONSTRAINT users_status_known CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text, 'closing'::text, 'erasing'::text, 'erased'::text])))
);
CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower(email));
CREATE INDEX users_erased ON public.users USING btree (status) WHERE (status = ANY (ARRAY['erasing'::text, 'erased'::text]));
CREATE INDEX users_promoted ON public.users USING btree (promoted_to_creator_at) WHERE (promoted_to_creator_at IS NOT NULL);
CREATE INDEX users_unconfirmed ON public.users USING btree (registered_at, id) WHERE ((registered_at IS NOT NULL) AND (NOT is_verified) AND (status = 'active'::text));

CREATE TABLE webhook_events (
  id uuid NOT NULL,
  provider text NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  body text,
  received_at timestamp with time zone DEFAULT now() NOT NULL,
  processed_at timestamp with time zone,
  outcome text DEFAULT 'received'::text NOT NULL,
  error text,
  reconcile_checked_at timestamp with time zone,
  about text,
  body_masked_at timestamp with time zone,
  CONSTRAINT webhook_events_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_events_outcome_known CHECK ((outcome = ANY (ARRAY['received'::text, 'signalled'::text, 'ignored'::text, 'unmatched'::text, 'unhandled'::text, 'other_mode'::text]))),
  CONSTRAINT webhook_events_provider_known CHECK ((provider = ANY (ARRAY['hyperswitch'::text, 'stripe'::text])))
);
CREATE INDEX webhook_events_by_about ON public.webhook_events USING btree (about);
CREATE INDEX webhook_events_by_outcome ON public.webhook_events USING btree (outcome, received_at, id) WHERE (outcome <> 'signalled'::text);
CREATE UNIQUE INDEX webhook_events_event_key ON public.webhook_events USING btree (provider, event_id);
CREATE INDEX webhook_events_newest ON public.webhook_events USING btree (received_at, id);
CREATE INDEX webhook_events_to_mask ON public.webhook_events USING btree (processed_at, id) WHERE ((processed_at IS NOT NULL) AND (body IS NOT NULL) AND (body_masked_at IS NULL));
CREATE INDEX webhook_events_undone_by_look ON public.webhook_events USING btree (reconcile_checked_at NULLS FIRST, received_at) WHERE ((processed_at IS NULL) OR (outcome = 'unmatched'::text));
CREATE INDEX webhook_events_unprocessed ON public.webhook_events USING btree (received_at) WHERE (processed_at IS NULL);

CREATE OR REPLACE FUNCTION public.keep_seller_postings()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
  touched record;
BEGIN
  IF NOT EXISTS (SELECT FROM entered WHERE seller_of(account) IS NOT NULL) THEN
    RETURN NULL;
  END IF;
  PERFORM FROM seller_balances AS b
  WHERE (b.seller_id, b.currency) IN (SELECT seller_of(account), currency FROM entered)
  ORDER BY b.seller_id, b.currency FOR NO KEY UPDATE;

  INSERT INTO seller_postings (seller_id, currency, created_at, first_entry_id, transaction_id,
    pending_change, available_change, paying_out_change, owed_change, fees_owed_change, connected_change,
    pending_minor, available_minor, paying_out_minor, owed_minor, fees_owed_minor, connected_minor)
  SELECT news.*,
    (coalesce(before.pending_minor, 0) + sum(news.pending_change) OVER so_far)::bigint,
    (coalesce(before.available_minor, 0) + sum(news.available_change) OVER so_far)::bigint,
    (coalesce(before.paying_out_minor, 0) + sum(news.paying_out_change) OVER so_far)::bigint,
    (coalesce(before.owed_minor, 0) + sum(news.owed_change) OVER so_far)::bigint,
    (coalesce(before.fees_owed_minor, 0) + sum(news.fees_owed_change) OVER so_far)::bigint,
    (coalesce(before.connected_minor, 0) + sum(news.connected_change) OVER so_far)::bigint
  FROM (
    SELECT seller_of(account) AS seller_id, currency, created_at, min(id) AS first_entry_id, transaction_id,
      coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:pending'), 0)::bigint AS pending_change,
      coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:available'), 0)::bigint AS available_change,
      coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:paying_out'), 0)::bigint AS paying_out_change,
      coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:owed'), 0)::bigint AS owed_change,
      coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:fees_owed'), 0)::bigint AS fees_owed_change,
      coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'cash:connected:%'), 0)::bigint AS connected_change
    FROM entered WHERE seller_of(account) IS NOT NULL
    GROUP BY seller_of(account), currency, created_at, transaction_id
  ) AS news
  LEFT JOIN LATERAL (
    SELECT * FROM seller_postings AS p
    WHERE p.seller_id = news.seller_id AND p.currency = news.currency
      AND (p.created_at, p.first_entry_id) < (news.created_at, news.first_entry_id)
    ORDER BY p.created_at DESC, p.first_entry_id DESC LIMIT 1
  ) AS before ON true
  WINDOW so_far AS (PARTITION BY news.seller_id, news.currency ORDER BY news.created_at, news.first_entry_id);

  -- Entries have the time at which their transaction began: one that waited for the lock stands before what was posted
  -- meanwhile, which moves by it.
  FOR touched IN
    SELECT seller_of(account) AS seller_id, currency, min(created_at) AS since, count(DISTINCT transaction_id) AS postings
    FROM entered WHERE seller_of(account) IS NOT NULL GROUP BY seller_of(account), currency
  LOOP
    CONTINUE WHEN touched.postings = (
      SELECT count(*) FROM seller_postings AS later
      WHERE later.seller_id = touched.seller_id AND later.currency = touched.currency AND later.created_at >= touched.since);
    UPDATE seller_postings AS p SET
      pending_minor = p.pending_minor + moved.pending,
      available_minor = p.available_minor + moved.available,
      paying_out_minor = p.paying_out_minor + moved.paying_out,
      owed_minor = p.owed_minor + moved.owed,
      fees_owed_minor = p.fees_owed_minor + moved.fees_owed,
      connected_minor = p.connected_minor + moved.connected
    FROM (
      SELECT created_at, first_entry_id, is_fresh,
        (sum(pending_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS pending,
        (sum(available_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS available,
        (sum(paying_out_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS paying_out,
        (sum(owed_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS owed,
        (sum(fees_owed_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS fees_owed,
        (sum(connected_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS connected
      FROM (
        SELECT later.*, later.first_entry_id IN (SELECT id FROM entered) AS is_fresh
        FROM seller_postings AS later
        WHERE later.seller_id = touched.seller_id AND later.currency = touched.currency AND later.created_at >= touched.since
      ) AS along
      WINDOW so_far AS (ORDER BY created_at, first_entry_id)
    ) AS moved
    WHERE NOT moved.is_fresh AND moved.pending IS NOT NULL AND p.seller_id = touched.seller_id
      AND p.created_at = moved.created_at AND p.first_entry_id = moved.first_entry_id;
  END LOOP;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.let_forget()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
  forgotten record := OLD;
BEGIN
  forgotten.ip := NULL;
  forgotten.user_agent := NULL;
  IF NEW *= forgotten THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$function$;

CREATE OR REPLACE FUNCTION public.record_refund_event()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
    INSERT INTO refund_events (refund_id, stage) VALUES (NEW.id, NEW.status);
  END IF;
  IF NEW.status = 'pending' AND NEW.hyperswitch_refund_id IS NOT NULL
     AND (TG_OP = 'INSERT' OR OLD.hyperswitch_refund_id IS NULL) THEN
    INSERT INTO refund_events (refund_id, stage) VALUES (NEW.id, 'accepted');
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$function$;

CREATE OR REPLACE FUNCTION public.seller_of(account text)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE
AS $function$
  SELECT CASE
    WHEN account ~ '^seller:[0-9a-f]{8}-[0-9a-f-]{27}:' THEN split_part(account, ':', 2)::uuid
    WHEN account ~ '^cash:connected:[0-9a-f]{8}-[0-9a-f-]{27}$' THEN split_part(account, ':', 3)::uuid
  END
$function$;
