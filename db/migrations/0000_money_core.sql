CREATE TABLE "products" (
	"id" uuid PRIMARY KEY NOT NULL,
	"seller_id" uuid NOT NULL,
	"title" text NOT NULL,
	"price_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "products_price_sane" CHECK ("products"."price_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "products_currency_iso" CHECK ("products"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"role" text NOT NULL,
	"is_verified" boolean DEFAULT false NOT NULL,
	"stripe_account_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_role_known" CHECK ("users"."role" IN ('user', 'creator', 'premium', 'moderator', 'admin', 'artist', 'producer', 'label'))
);
--> statement-breakpoint
CREATE TABLE "licenses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"order_item_id" uuid NOT NULL,
	"buyer_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	"revoked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "order_items" (
	"id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"product_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"platform_fee_minor" bigint NOT NULL,
	CONSTRAINT "order_items_amount_sane" CHECK ("order_items"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "order_items_fee_within_amount" CHECK ("order_items"."platform_fee_minor" BETWEEN 0 AND "order_items"."amount_minor")
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" uuid PRIMARY KEY NOT NULL,
	"buyer_id" uuid NOT NULL,
	"total_minor" bigint NOT NULL,
	"captured_minor" bigint,
	"captured_currency" text,
	"refunded_minor" bigint DEFAULT 0 NOT NULL,
	"currency" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"payment_id" text,
	"payment_client_secret" text,
	"payment_status" text,
	"connector_transaction_id" text,
	"refund_deadline" timestamp with time zone,
	"completed_at" timestamp with time zone,
	"failure_reason" text,
	"reconcile_checked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "orders_status_known" CHECK ("orders"."status" IN ('pending', 'completed', 'failed', 'refund_pending', 'partially_refunded', 'refunded')),
	CONSTRAINT "orders_total_sane" CHECK ("orders"."total_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "orders_currency_iso" CHECK ("orders"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "orders_refunded_within_captured" CHECK ("orders"."refunded_minor" >= 0 AND "orders"."refunded_minor" <= coalesce("orders"."captured_minor", 0)),
	CONSTRAINT "orders_captured_with_currency" CHECK (("orders"."captured_minor" IS NULL) = ("orders"."captured_currency" IS NULL)),
	CONSTRAINT "orders_completed_is_captured" CHECK ("orders"."status" IN ('pending', 'failed') OR "orders"."captured_minor" IS NOT NULL)
);
--> statement-breakpoint
CREATE TABLE "disputes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"provider_dispute_id" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	CONSTRAINT "disputes_status_known" CHECK ("disputes"."status" IN ('open', 'won', 'lost', 'cancelled')),
	CONSTRAINT "disputes_amount_sane" CHECK ("disputes"."amount_minor" BETWEEN 0 AND 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "refund_allocations" (
	"refund_id" uuid NOT NULL,
	"order_item_id" uuid NOT NULL,
	"seller_minor" bigint NOT NULL,
	"fee_minor" bigint NOT NULL,
	"seller_source" text,
	CONSTRAINT "refund_allocations_refund_id_order_item_id_pk" PRIMARY KEY("refund_id","order_item_id"),
	CONSTRAINT "refund_allocations_seller_sane" CHECK ("refund_allocations"."seller_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "refund_allocations_fee_sane" CHECK ("refund_allocations"."fee_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "refund_allocations_source_known" CHECK ("refund_allocations"."seller_source" IN ('withheld', 'in_flight', 'available'))
);
--> statement-breakpoint
CREATE TABLE "refunds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"kind" text DEFAULT 'requested' NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"reason" text,
	"requested_by" uuid,
	"by_items" boolean DEFAULT false NOT NULL,
	"excess_minor" bigint DEFAULT 0 NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"hyperswitch_refund_id" text,
	"error_message" text,
	"succeeded_at" timestamp with time zone,
	"failed_at" timestamp with time zone,
	"reconcile_checked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "refunds_status_known" CHECK ("refunds"."status" IN ('pending', 'succeeded', 'failed', 'returned')),
	CONSTRAINT "refunds_kind_known" CHECK ("refunds"."kind" IN ('requested', 'external', 'payment_returned', 'dispute')),
	CONSTRAINT "refunds_amount_sane" CHECK ("refunds"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "refunds_excess_within_amount" CHECK ("refunds"."excess_minor" BETWEEN 0 AND "refunds"."amount_minor"),
	CONSTRAINT "refunds_currency_iso" CHECK ("refunds"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "seller_transfers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"stripe_account_id" text,
	"amount_minor" bigint NOT NULL,
	"reversed_minor" bigint DEFAULT 0 NOT NULL,
	"currency" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"stripe_transfer_id" text,
	"idempotency_key" text,
	"asked_amount_minor" bigint,
	"asked_at" timestamp with time zone,
	"retry_count" integer DEFAULT 0 NOT NULL,
	"next_retry_at" timestamp with time zone,
	"error_message" text,
	"waiting_for" text,
	"retry_of" uuid,
	"completed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "seller_transfers_status_known" CHECK ("seller_transfers"."status" IN ('pending', 'completed', 'failed', 'reversal_pending', 'reversed', 'permanently_failed')),
	CONSTRAINT "seller_transfers_amount_sane" CHECK ("seller_transfers"."amount_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_transfers_currency_iso" CHECK ("seller_transfers"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "seller_transfers_reversed_within" CHECK ("seller_transfers"."reversed_minor" BETWEEN 0 AND "seller_transfers"."amount_minor"),
	CONSTRAINT "seller_transfers_asked_whole" CHECK (("seller_transfers"."asked_at" IS NULL) = ("seller_transfers"."asked_amount_minor" IS NULL) AND ("seller_transfers"."asked_at" IS NULL OR "seller_transfers"."idempotency_key" IS NOT NULL)),
	CONSTRAINT "seller_transfers_asked_frozen" CHECK ("seller_transfers"."asked_amount_minor" IS NULL OR "seller_transfers"."asked_amount_minor" = "seller_transfers"."amount_minor"),
	CONSTRAINT "seller_transfers_reversal_has_next" CHECK ("seller_transfers"."status" <> 'reversal_pending' OR "seller_transfers"."next_retry_at" IS NOT NULL),
	CONSTRAINT "seller_transfers_failed_has_next" CHECK ("seller_transfers"."status" <> 'failed' OR "seller_transfers"."next_retry_at" IS NOT NULL),
	CONSTRAINT "seller_transfers_sent_has_id" CHECK ("seller_transfers"."status" NOT IN ('completed', 'reversal_pending', 'reversed') OR "seller_transfers"."completed_at" IS NOT NULL)
);
--> statement-breakpoint
CREATE TABLE "transfer_reversals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"transfer_id" uuid NOT NULL,
	"refund_id" uuid,
	"amount_minor" bigint NOT NULL,
	"covered_minor" bigint DEFAULT 0 NOT NULL,
	"suspense_minor" bigint DEFAULT 0 NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"stripe_reversal_id" text,
	"idempotency_key" text,
	"asked_at" timestamp with time zone,
	"retry_count" integer DEFAULT 0 NOT NULL,
	"next_retry_at" timestamp with time zone,
	"error_message" text,
	"waiting_for" text,
	"retry_of" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "transfer_reversals_status_known" CHECK ("transfer_reversals"."status" IN ('pending', 'reversed', 'permanently_failed', 'settled_outside', 'written_off', 'withdrawn')),
	CONSTRAINT "transfer_reversals_amount_sane" CHECK ("transfer_reversals"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "transfer_reversals_covered_within" CHECK ("transfer_reversals"."covered_minor" BETWEEN 0 AND "transfer_reversals"."amount_minor"),
	CONSTRAINT "transfer_reversals_suspense_only_outside" CHECK ("transfer_reversals"."suspense_minor" = 0 OR ("transfer_reversals"."refund_id" IS NULL AND "transfer_reversals"."suspense_minor" BETWEEN 0 AND "transfer_reversals"."amount_minor")),
	CONSTRAINT "transfer_reversals_open_has_next" CHECK ("transfer_reversals"."status" <> 'pending' OR "transfer_reversals"."next_retry_at" IS NOT NULL)
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ledger_entries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"transaction_id" uuid NOT NULL,
	"account" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"kind" text NOT NULL,
	"order_id" uuid,
	"refund_id" uuid,
	"transfer_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ledger_entries_currency_iso" CHECK ("ledger_entries"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "ledger_entries_moves_something" CHECK ("ledger_entries"."amount_minor" <> 0)
);
--> statement-breakpoint
CREATE TABLE "seller_balances" (
	"seller_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"pending_minor" bigint DEFAULT 0 NOT NULL,
	"available_minor" bigint DEFAULT 0 NOT NULL,
	"paying_out_minor" bigint DEFAULT 0 NOT NULL,
	"owed_minor" bigint DEFAULT 0 NOT NULL,
	"fees_owed_minor" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "seller_balances_seller_id_currency_pk" PRIMARY KEY("seller_id","currency"),
	CONSTRAINT "seller_balances_currency_iso" CHECK ("seller_balances"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "seller_balances_pending_sane" CHECK ("seller_balances"."pending_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_available_sane" CHECK ("seller_balances"."available_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_paying_out_sane" CHECK ("seller_balances"."paying_out_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_owed_sane" CHECK ("seller_balances"."owed_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_fees_owed_sane" CHECK ("seller_balances"."fees_owed_minor" BETWEEN 0 AND 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "seller_payouts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"seller_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"external_payout_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "seller_payouts_status_known" CHECK ("seller_payouts"."status" IN ('pending', 'paid', 'failed')),
	CONSTRAINT "seller_payouts_amount_sane" CHECK ("seller_payouts"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "seller_payouts_currency_iso" CHECK ("seller_payouts"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	"reason" text,
	"ip" "inet",
	"user_agent" text,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"body_hash" text NOT NULL,
	"answer" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_scope_key_pk" PRIMARY KEY("scope","key")
);
--> statement-breakpoint
CREATE TABLE "ops_flags" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"detail" text NOT NULL,
	"raised_at" timestamp with time zone DEFAULT now() NOT NULL,
	"cleared_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "platform_settings" (
	"key" text PRIMARY KEY NOT NULL,
	"value_bool" boolean,
	"value_text" text
);
--> statement-breakpoint
CREATE TABLE "rate_limits" (
	"name" text PRIMARY KEY NOT NULL,
	"next_free_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"type" text NOT NULL,
	"body" text NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"processed_at" timestamp with time zone,
	"outcome" text DEFAULT 'received' NOT NULL,
	"error" text,
	CONSTRAINT "webhook_events_provider_known" CHECK ("webhook_events"."provider" IN ('hyperswitch', 'stripe')),
	CONSTRAINT "webhook_events_outcome_known" CHECK ("webhook_events"."outcome" IN ('received', 'signalled', 'ignored', 'unmatched', 'unhandled'))
);
--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_order_item_id_order_items_id_fk" FOREIGN KEY ("order_item_id") REFERENCES "public"."order_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_buyer_id_users_id_fk" FOREIGN KEY ("buyer_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_buyer_id_users_id_fk" FOREIGN KEY ("buyer_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refund_allocations" ADD CONSTRAINT "refund_allocations_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refund_allocations" ADD CONSTRAINT "refund_allocations_order_item_id_order_items_id_fk" FOREIGN KEY ("order_item_id") REFERENCES "public"."order_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_requested_by_users_id_fk" FOREIGN KEY ("requested_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_transfers" ADD CONSTRAINT "seller_transfers_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_transfers" ADD CONSTRAINT "seller_transfers_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_transfers" ADD CONSTRAINT "seller_transfers_retry_of_seller_transfers_id_fk" FOREIGN KEY ("retry_of") REFERENCES "public"."seller_transfers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfer_reversals" ADD CONSTRAINT "transfer_reversals_transfer_id_seller_transfers_id_fk" FOREIGN KEY ("transfer_id") REFERENCES "public"."seller_transfers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfer_reversals" ADD CONSTRAINT "transfer_reversals_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfer_reversals" ADD CONSTRAINT "transfer_reversals_retry_of_transfer_reversals_id_fk" FOREIGN KEY ("retry_of") REFERENCES "public"."transfer_reversals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_transfer_id_seller_transfers_id_fk" FOREIGN KEY ("transfer_id") REFERENCES "public"."seller_transfers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_balances" ADD CONSTRAINT "seller_balances_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD CONSTRAINT "seller_payouts_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "products_newest" ON "products" USING btree ("created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "users" USING btree (lower("email"));--> statement-breakpoint
CREATE UNIQUE INDEX "users_stripe_account_key" ON "users" USING btree ("stripe_account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "licenses_item_key" ON "licenses" USING btree ("order_item_id");--> statement-breakpoint
CREATE INDEX "licenses_by_buyer" ON "licenses" USING btree ("buyer_id");--> statement-breakpoint
CREATE UNIQUE INDEX "order_items_position_key" ON "order_items" USING btree ("order_id","position");--> statement-breakpoint
CREATE INDEX "order_items_by_seller" ON "order_items" USING btree ("seller_id");--> statement-breakpoint
CREATE UNIQUE INDEX "orders_payment_key" ON "orders" USING btree ("payment_id");--> statement-breakpoint
CREATE INDEX "orders_by_buyer" ON "orders" USING btree ("buyer_id","created_at","id");--> statement-breakpoint
CREATE INDEX "orders_pending_by_look" ON "orders" USING btree ("reconcile_checked_at" NULLS FIRST,"created_at") WHERE "orders"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "disputes_provider_key" ON "disputes" USING btree ("provider_dispute_id");--> statement-breakpoint
CREATE INDEX "disputes_open_by_order" ON "disputes" USING btree ("order_id") WHERE "disputes"."status" = 'open';--> statement-breakpoint
CREATE INDEX "refund_allocations_by_item" ON "refund_allocations" USING btree ("order_item_id");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_provider_key" ON "refunds" USING btree ("hyperswitch_refund_id");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_one_open_per_order" ON "refunds" USING btree ("order_id") WHERE "refunds"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "refunds_by_order" ON "refunds" USING btree ("order_id","created_at","id");--> statement-breakpoint
CREATE INDEX "refunds_pending_by_look" ON "refunds" USING btree ("reconcile_checked_at" NULLS FIRST,"created_at") WHERE "refunds"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "seller_transfers_one_per_seller" ON "seller_transfers" USING btree ("order_id","seller_id") WHERE "seller_transfers"."retry_of" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "seller_transfers_retry_of_key" ON "seller_transfers" USING btree ("retry_of");--> statement-breakpoint
CREATE UNIQUE INDEX "seller_transfers_stripe_key" ON "seller_transfers" USING btree ("stripe_transfer_id") WHERE "seller_transfers"."stripe_transfer_id" IS NOT NULL AND "seller_transfers"."stripe_transfer_id" <> '';--> statement-breakpoint
CREATE INDEX "seller_transfers_failed_due" ON "seller_transfers" USING btree ("status","next_retry_at") WHERE "seller_transfers"."status" = 'failed';--> statement-breakpoint
CREATE INDEX "seller_transfers_reversal_due" ON "seller_transfers" USING btree ("status","next_retry_at") WHERE "seller_transfers"."status" = 'reversal_pending';--> statement-breakpoint
CREATE INDEX "seller_transfers_pending" ON "seller_transfers" USING btree ("created_at","id") WHERE "seller_transfers"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "seller_transfers_newest" ON "seller_transfers" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "seller_transfers_by_seller" ON "seller_transfers" USING btree ("seller_id");--> statement-breakpoint
CREATE UNIQUE INDEX "transfer_reversals_one_per_refund" ON "transfer_reversals" USING btree ("transfer_id","refund_id") WHERE "transfer_reversals"."retry_of" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "transfer_reversals_retry_of_key" ON "transfer_reversals" USING btree ("retry_of");--> statement-breakpoint
CREATE UNIQUE INDEX "transfer_reversals_stripe_key" ON "transfer_reversals" USING btree ("stripe_reversal_id") WHERE "transfer_reversals"."stripe_reversal_id" IS NOT NULL AND "transfer_reversals"."stripe_reversal_id" <> '';--> statement-breakpoint
CREATE INDEX "transfer_reversals_due" ON "transfer_reversals" USING btree ("next_retry_at") WHERE "transfer_reversals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "transfer_reversals_newest" ON "transfer_reversals" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "transfer_reversals_by_refund" ON "transfer_reversals" USING btree ("refund_id");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_transaction" ON "ledger_entries" USING btree ("transaction_id");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_account" ON "ledger_entries" USING btree ("account","currency");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_order" ON "ledger_entries" USING btree ("order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "seller_payouts_external_key" ON "seller_payouts" USING btree ("external_payout_id");--> statement-breakpoint
CREATE INDEX "seller_payouts_by_seller" ON "seller_payouts" USING btree ("seller_id","created_at");--> statement-breakpoint
CREATE INDEX "audit_log_by_subject" ON "audit_log" USING btree ("subject","at");--> statement-breakpoint
CREATE UNIQUE INDEX "ops_flags_one_open" ON "ops_flags" USING btree ("kind","subject") WHERE "ops_flags"."cleared_at" IS NULL;--> statement-breakpoint
CREATE INDEX "ops_flags_open" ON "ops_flags" USING btree ("raised_at") WHERE "ops_flags"."cleared_at" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_events_event_key" ON "webhook_events" USING btree ("provider","event_id");--> statement-breakpoint
CREATE INDEX "webhook_events_unprocessed" ON "webhook_events" USING btree ("received_at") WHERE "webhook_events"."processed_at" IS NULL;--> statement-breakpoint
CREATE INDEX "webhook_events_unmatched" ON "webhook_events" USING btree ("received_at") WHERE "webhook_events"."outcome" = 'unmatched';