CREATE TABLE "asks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"ask" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
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
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"api_key_id" uuid
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
	"value_text" text,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rate_limits" (
	"name" text PRIMARY KEY NOT NULL,
	"next_free_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_key_usage" (
	"key_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"hour" timestamp with time zone NOT NULL,
	"used" integer NOT NULL,
	"used_before" integer NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL,
	CONSTRAINT "api_key_usage_key_id_kind_pk" PRIMARY KEY("key_id","kind"),
	CONSTRAINT "api_key_usage_kind_known" CHECK ("api_key_usage"."kind" IN ('read', 'write'))
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"key_hash" text NOT NULL,
	"scopes" text[] NOT NULL,
	"reads_per_hour" integer NOT NULL,
	"writes_per_hour" integer NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"made_by" uuid NOT NULL,
	"made_by_key" uuid,
	CONSTRAINT "api_keys_prefix_unique" UNIQUE("prefix"),
	CONSTRAINT "api_keys_scopes_known" CHECK (cardinality("api_keys"."scopes") > 0 AND "api_keys"."scopes" <@ ARRAY['read', 'write', 'admin']),
	CONSTRAINT "api_keys_limits_sane" CHECK ("api_keys"."reads_per_hour" > 0 AND "api_keys"."writes_per_hour" > 0),
	CONSTRAINT "api_keys_hash_is_sha256" CHECK ("api_keys"."key_hash" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "bearer_usage" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"used" integer NOT NULL,
	"used_before" integer NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"role" text NOT NULL,
	"is_verified" boolean DEFAULT false NOT NULL,
	"stripe_account_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"stripe_transfers_enabled" boolean,
	"stripe_payouts_enabled" boolean,
	CONSTRAINT "users_role_known" CHECK ("users"."role" IN ('user', 'creator', 'premium', 'moderator', 'admin', 'artist', 'producer', 'label'))
);
--> statement-breakpoint
CREATE TABLE "approvals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"params" jsonb,
	"seen" text NOT NULL,
	"amount_minor" bigint,
	"currency" text,
	"reason" text NOT NULL,
	"requested_by" text NOT NULL,
	"requested_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"decided_by" text,
	"decided_at" timestamp with time zone,
	"note" text,
	"work" jsonb,
	"told_at" timestamp with time zone,
	CONSTRAINT "approvals_status_known" CHECK ("approvals"."status" IN ('pending', 'approved', 'rejected', 'expired')),
	CONSTRAINT "approvals_amount_sane" CHECK ("approvals"."amount_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "approvals_currency_iso" CHECK ("approvals"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "approvals_money_whole" CHECK (("approvals"."amount_minor" IS NULL) = ("approvals"."currency" IS NULL)),
	CONSTRAINT "approvals_by_another" CHECK ("approvals"."status" <> 'approved' OR ("approvals"."decided_by" IS NOT NULL AND "approvals"."decided_by" <> "approvals"."requested_by"))
);
--> statement-breakpoint
CREATE TABLE "decisions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "decisions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "decisions_amount_sane" CHECK ("decisions"."amount_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "decisions_currency_iso" CHECK ("decisions"."currency" ~ '^[A-Z]{3}$')
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
	"payout_id" uuid,
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
	"rest_minor" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "seller_balances_seller_id_currency_pk" PRIMARY KEY("seller_id","currency"),
	CONSTRAINT "seller_balances_currency_iso" CHECK ("seller_balances"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "seller_balances_pending_sane" CHECK ("seller_balances"."pending_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_available_sane" CHECK ("seller_balances"."available_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_paying_out_sane" CHECK ("seller_balances"."paying_out_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_owed_sane" CHECK ("seller_balances"."owed_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_fees_owed_sane" CHECK ("seller_balances"."fees_owed_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "seller_balances_rest_sane" CHECK ("seller_balances"."rest_minor" BETWEEN 0 AND 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "seller_postings" (
	"seller_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"first_entry_id" bigint NOT NULL,
	"transaction_id" uuid NOT NULL,
	"pending_change" bigint DEFAULT 0 NOT NULL,
	"available_change" bigint DEFAULT 0 NOT NULL,
	"paying_out_change" bigint DEFAULT 0 NOT NULL,
	"owed_change" bigint DEFAULT 0 NOT NULL,
	"fees_owed_change" bigint DEFAULT 0 NOT NULL,
	"connected_change" bigint DEFAULT 0 NOT NULL,
	"pending_minor" bigint DEFAULT 0 NOT NULL,
	"available_minor" bigint DEFAULT 0 NOT NULL,
	"paying_out_minor" bigint DEFAULT 0 NOT NULL,
	"owed_minor" bigint DEFAULT 0 NOT NULL,
	"fees_owed_minor" bigint DEFAULT 0 NOT NULL,
	"connected_minor" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "seller_postings_seller_id_created_at_first_entry_id_pk" PRIMARY KEY("seller_id","created_at","first_entry_id")
);
--> statement-breakpoint
CREATE TABLE "webhook_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"type" text NOT NULL,
	"body" text,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"processed_at" timestamp with time zone,
	"outcome" text DEFAULT 'received' NOT NULL,
	"error" text,
	"reconcile_checked_at" timestamp with time zone,
	"about" text,
	CONSTRAINT "webhook_events_provider_known" CHECK ("webhook_events"."provider" IN ('hyperswitch', 'stripe')),
	CONSTRAINT "webhook_events_outcome_known" CHECK ("webhook_events"."outcome" IN ('received', 'signalled', 'ignored', 'unmatched', 'unhandled', 'other_mode'))
);
--> statement-breakpoint
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
CREATE TABLE "account_link_asks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"return_url" text NOT NULL,
	"refresh_url" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "seller_onboardings" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"country" text,
	"idempotency_key" text,
	"asked_at" timestamp with time zone,
	"link_url" text,
	"link_expires_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "seller_onboardings_asked_whole" CHECK ("seller_onboardings"."asked_at" IS NULL OR "seller_onboardings"."idempotency_key" IS NOT NULL),
	CONSTRAINT "seller_onboardings_country_iso" CHECK ("seller_onboardings"."country" ~ '^[A-Z]{2}$')
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
	"work_checked_at" timestamp with time zone,
	"payment_watched_until" timestamp with time zone,
	"outside_checked_at" timestamp with time zone,
	"outside_over" boolean DEFAULT false NOT NULL,
	CONSTRAINT "orders_status_known" CHECK ("orders"."status" IN ('pending', 'completed', 'failed', 'refund_pending', 'partially_refunded', 'refunded')),
	CONSTRAINT "orders_total_sane" CHECK ("orders"."total_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "orders_currency_iso" CHECK ("orders"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "orders_refunded_within_captured" CHECK ("orders"."refunded_minor" >= 0 AND "orders"."refunded_minor" <= coalesce("orders"."captured_minor", 0)),
	CONSTRAINT "orders_captured_with_currency" CHECK (("orders"."captured_minor" IS NULL) = ("orders"."captured_currency" IS NULL)),
	CONSTRAINT "orders_completed_is_captured" CHECK ("orders"."status" IN ('pending', 'failed') OR "orders"."captured_minor" IS NOT NULL),
	CONSTRAINT "orders_watched_took_nothing" CHECK ("orders"."payment_watched_until" IS NULL OR ("orders"."status" = 'failed' AND "orders"."captured_minor" IS NULL))
);
--> statement-breakpoint
CREATE TABLE "dispute_words" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dispute_words_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"dispute_id" uuid NOT NULL,
	"said" text NOT NULL,
	"stage" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"said_at" timestamp with time zone,
	"at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "dispute_words_said_known" CHECK ("dispute_words"."said" IN ('open', 'won', 'lost', 'cancelled')),
	CONSTRAINT "dispute_words_stage_known" CHECK ("dispute_words"."stage" IN ('pre_dispute', 'dispute', 'pre_arbitration', 'arbitration', 'dispute_reversal')),
	CONSTRAINT "dispute_words_amount_sane" CHECK ("dispute_words"."amount_minor" BETWEEN 0 AND 9007199254740991)
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
	"currency" text NOT NULL,
	"stage" text DEFAULT 'dispute' NOT NULL,
	"said_at" timestamp with time zone,
	"unbooked_since" timestamp with time zone,
	"unbooked_why" text,
	"reconcile_checked_at" timestamp with time zone,
	"connector_dispute_id" text,
	CONSTRAINT "disputes_status_known" CHECK ("disputes"."status" IN ('open', 'won', 'lost', 'cancelled')),
	CONSTRAINT "disputes_stage_known" CHECK ("disputes"."stage" IN ('pre_dispute', 'dispute', 'pre_arbitration', 'arbitration', 'dispute_reversal')),
	CONSTRAINT "disputes_currency_iso" CHECK ("disputes"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "disputes_unbooked_has_why" CHECK (("disputes"."unbooked_since" IS NULL) = ("disputes"."unbooked_why" IS NULL)),
	CONSTRAINT "disputes_amount_sane" CHECK ("disputes"."amount_minor" BETWEEN 0 AND 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "refund_allocations" (
	"refund_id" uuid NOT NULL,
	"order_item_id" uuid NOT NULL,
	"seller_minor" bigint NOT NULL,
	"fee_minor" bigint NOT NULL,
	"seller_source" text,
	"fees_owed_minor" bigint DEFAULT 0 NOT NULL,
	"fees_netted_minor" bigint DEFAULT 0 NOT NULL,
	"in_flight_minor" bigint DEFAULT 0 NOT NULL,
	"written_off_minor" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "refund_allocations_refund_id_order_item_id_pk" PRIMARY KEY("refund_id","order_item_id"),
	CONSTRAINT "refund_allocations_seller_sane" CHECK ("refund_allocations"."seller_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "refund_allocations_fee_sane" CHECK ("refund_allocations"."fee_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "refund_allocations_fees_within" CHECK ("refund_allocations"."fees_owed_minor" BETWEEN 0 AND "refund_allocations"."seller_minor" AND "refund_allocations"."fees_netted_minor" BETWEEN 0 AND "refund_allocations"."fees_owed_minor"),
	CONSTRAINT "refund_allocations_written_off_within" CHECK ("refund_allocations"."written_off_minor" BETWEEN 0 AND "refund_allocations"."seller_minor"),
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
	"orphan_missed_at" timestamp with time zone,
	"work_checked_at" timestamp with time zone,
	"provider_updated_at" timestamp with time zone,
	"asked_at" timestamp with time zone,
	"exists_by" text,
	"given_up_at" timestamp with time zone,
	"dispute_id" uuid,
	CONSTRAINT "refunds_status_known" CHECK ("refunds"."status" IN ('pending', 'succeeded', 'failed', 'returned')),
	CONSTRAINT "refunds_kind_known" CHECK ("refunds"."kind" IN ('requested', 'external', 'payment_returned', 'dispute')),
	CONSTRAINT "refunds_exists_by_known" CHECK ("refunds"."exists_by" IN ('HE_01', 'IR_13')),
	CONSTRAINT "refunds_amount_sane" CHECK ("refunds"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "refunds_excess_within_amount" CHECK ("refunds"."excess_minor" BETWEEN 0 AND "refunds"."amount_minor"),
	CONSTRAINT "refunds_currency_iso" CHECK ("refunds"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "refund_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "refund_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"refund_id" uuid NOT NULL,
	"stage" text NOT NULL,
	"at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "refund_events_stage_known" CHECK ("refund_events"."stage" IN ('accepted', 'pending', 'succeeded', 'failed', 'returned'))
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
	"work_checked_at" timestamp with time zone,
	"missed_at" timestamp with time zone,
	CONSTRAINT "seller_transfers_status_known" CHECK ("seller_transfers"."status" IN ('pending', 'completed', 'failed', 'reversal_pending', 'reversed', 'permanently_failed', 'settled_outside', 'written_off')),
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
	"work_checked_at" timestamp with time zone,
	"given_up_at" timestamp with time zone,
	"needs_new_key" boolean DEFAULT false NOT NULL,
	CONSTRAINT "transfer_reversals_status_known" CHECK ("transfer_reversals"."status" IN ('pending', 'reversed', 'permanently_failed', 'settled_outside', 'written_off', 'withdrawn')),
	CONSTRAINT "transfer_reversals_amount_sane" CHECK ("transfer_reversals"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "transfer_reversals_covered_within" CHECK ("transfer_reversals"."covered_minor" BETWEEN 0 AND "transfer_reversals"."amount_minor"),
	CONSTRAINT "transfer_reversals_suspense_only_outside" CHECK ("transfer_reversals"."suspense_minor" = 0 OR ("transfer_reversals"."refund_id" IS NULL AND "transfer_reversals"."suspense_minor" BETWEEN 0 AND "transfer_reversals"."amount_minor")),
	CONSTRAINT "transfer_reversals_open_has_next" CHECK ("transfer_reversals"."status" <> 'pending' OR "transfer_reversals"."next_retry_at" IS NOT NULL)
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
	"stripe_account_id" text,
	"idempotency_key" text,
	"asked_at" timestamp with time zone,
	"retry_count" integer DEFAULT 0 NOT NULL,
	"next_retry_at" timestamp with time zone,
	"error_message" text,
	"waiting_for" text,
	"paid_at" timestamp with time zone,
	"failed_at" timestamp with time zone,
	"work_checked_at" timestamp with time zone,
	"given_up_at" timestamp with time zone,
	"needs_new_key" boolean DEFAULT false NOT NULL,
	"missed_at" timestamp with time zone,
	"differing_id" text,
	"differing_minor" bigint,
	CONSTRAINT "seller_payouts_status_known" CHECK ("seller_payouts"."status" IN ('pending', 'paid', 'failed')),
	CONSTRAINT "seller_payouts_amount_sane" CHECK ("seller_payouts"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "seller_payouts_currency_iso" CHECK ("seller_payouts"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "seller_payouts_asked_whole" CHECK ("seller_payouts"."asked_at" IS NULL OR "seller_payouts"."idempotency_key" IS NOT NULL)
);
--> statement-breakpoint
CREATE TABLE "provider_statements" (
	"id" uuid PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"layout" text NOT NULL,
	"file_hash" text NOT NULL,
	"file_name" text NOT NULL,
	"covers" jsonb NOT NULL,
	"rows_read" integer DEFAULT 0 NOT NULL,
	"period_from" timestamp with time zone,
	"period_to" timestamp with time zone,
	"ignored" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"loaded_at" timestamp with time zone,
	"matched_through" integer DEFAULT 0 NOT NULL,
	"matched" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"missing_known_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "provider_statements_provider_known" CHECK ("provider_statements"."provider" IN ('hyperswitch', 'stripe')),
	CONSTRAINT "provider_statements_matched_within" CHECK ("provider_statements"."matched_through" BETWEEN 0 AND "provider_statements"."rows_read")
);
--> statement-breakpoint
CREATE TABLE "statement_claims" (
	"statement_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"row_number" integer NOT NULL,
	CONSTRAINT "statement_claims_statement_id_kind_subject_id_pk" PRIMARY KEY("statement_id","kind","subject_id")
);
--> statement-breakpoint
CREATE TABLE "statement_exceptions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "statement_exceptions_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"statement_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"row_kind" text,
	"subject" text,
	"line" integer,
	"column" text,
	"ref" text,
	"theirs_minor" bigint,
	"theirs_currency" text,
	"ours_minor" bigint,
	"ours_currency" text,
	"moved_at" timestamp with time zone,
	"detail" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp with time zone,
	"resolved_by" text,
	"resolution" text,
	CONSTRAINT "statement_exceptions_kind_known" CHECK ("statement_exceptions"."kind" IN ('amount_differs', 'missing_here', 'missing_there', 'claimed_twice', 'bad_row')),
	CONSTRAINT "statement_exceptions_row_kind_known" CHECK ("statement_exceptions"."row_kind" IN ('payment', 'refund', 'transfer', 'reversal', 'payout', 'dispute', 'refund_return', 'payout_return', 'dispute_return')),
	CONSTRAINT "statement_exceptions_resolved_whole" CHECK (("statement_exceptions"."resolved_at" IS NULL) = ("statement_exceptions"."resolved_by" IS NULL) AND ("statement_exceptions"."resolved_at" IS NULL) = ("statement_exceptions"."resolution" IS NULL))
);
--> statement-breakpoint
CREATE TABLE "statement_rows" (
	"statement_id" uuid NOT NULL,
	"row_number" integer NOT NULL,
	"line" integer NOT NULL,
	"kind" text NOT NULL,
	"ref" text NOT NULL,
	"alt_ref" text,
	"our_ref" text,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "statement_rows_statement_id_row_number_pk" PRIMARY KEY("statement_id","row_number"),
	CONSTRAINT "statement_rows_kind_known" CHECK ("statement_rows"."kind" IN ('payment', 'refund', 'transfer', 'reversal', 'payout', 'dispute', 'refund_return', 'payout_return', 'dispute_return'))
);
--> statement-breakpoint
ALTER TABLE "api_key_usage" ADD CONSTRAINT "api_key_usage_key_id_api_keys_id_fk" FOREIGN KEY ("key_id") REFERENCES "public"."api_keys"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_made_by_key_api_keys_id_fk" FOREIGN KEY ("made_by_key") REFERENCES "public"."api_keys"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_transfer_id_seller_transfers_id_fk" FOREIGN KEY ("transfer_id") REFERENCES "public"."seller_transfers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_payout_id_seller_payouts_id_fk" FOREIGN KEY ("payout_id") REFERENCES "public"."seller_payouts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_balances" ADD CONSTRAINT "seller_balances_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_link_asks" ADD CONSTRAINT "account_link_asks_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_onboardings" ADD CONSTRAINT "seller_onboardings_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_order_item_id_order_items_id_fk" FOREIGN KEY ("order_item_id") REFERENCES "public"."order_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_buyer_id_users_id_fk" FOREIGN KEY ("buyer_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_buyer_id_users_id_fk" FOREIGN KEY ("buyer_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_words" ADD CONSTRAINT "dispute_words_dispute_id_disputes_id_fk" FOREIGN KEY ("dispute_id") REFERENCES "public"."disputes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refund_allocations" ADD CONSTRAINT "refund_allocations_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refund_allocations" ADD CONSTRAINT "refund_allocations_order_item_id_order_items_id_fk" FOREIGN KEY ("order_item_id") REFERENCES "public"."order_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_requested_by_users_id_fk" FOREIGN KEY ("requested_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_dispute_id_disputes_id_fk" FOREIGN KEY ("dispute_id") REFERENCES "public"."disputes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refund_events" ADD CONSTRAINT "refund_events_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_transfers" ADD CONSTRAINT "seller_transfers_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_transfers" ADD CONSTRAINT "seller_transfers_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_transfers" ADD CONSTRAINT "seller_transfers_retry_of_seller_transfers_id_fk" FOREIGN KEY ("retry_of") REFERENCES "public"."seller_transfers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfer_reversals" ADD CONSTRAINT "transfer_reversals_transfer_id_seller_transfers_id_fk" FOREIGN KEY ("transfer_id") REFERENCES "public"."seller_transfers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfer_reversals" ADD CONSTRAINT "transfer_reversals_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfer_reversals" ADD CONSTRAINT "transfer_reversals_retry_of_transfer_reversals_id_fk" FOREIGN KEY ("retry_of") REFERENCES "public"."transfer_reversals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD CONSTRAINT "seller_payouts_seller_id_users_id_fk" FOREIGN KEY ("seller_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statement_exceptions" ADD CONSTRAINT "statement_exceptions_statement_id_provider_statements_id_fk" FOREIGN KEY ("statement_id") REFERENCES "public"."provider_statements"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "asks_by_time" ON "asks" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "audit_log_by_subject" ON "audit_log" USING btree ("subject","at");--> statement-breakpoint
CREATE INDEX "audit_log_by_actor" ON "audit_log" USING btree ("actor","id");--> statement-breakpoint
CREATE INDEX "audit_log_by_action" ON "audit_log" USING btree ("action" text_pattern_ops,"id");--> statement-breakpoint
CREATE UNIQUE INDEX "ops_flags_one_open" ON "ops_flags" USING btree ("kind","subject") WHERE "ops_flags"."cleared_at" IS NULL;--> statement-breakpoint
CREATE INDEX "ops_flags_by_subject" ON "ops_flags" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "ops_flags_open" ON "ops_flags" USING btree ("raised_at") WHERE "ops_flags"."cleared_at" IS NULL;--> statement-breakpoint
CREATE INDEX "api_keys_newest" ON "api_keys" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "api_keys_by_maker" ON "api_keys" USING btree ("made_by_key");--> statement-breakpoint
CREATE INDEX "api_keys_by_user" ON "api_keys" USING btree ("user_id","created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "users" USING btree (lower("email"));--> statement-breakpoint
CREATE UNIQUE INDEX "users_stripe_account_key" ON "users" USING btree ("stripe_account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_one_pending" ON "approvals" USING btree ("action","subject") WHERE "approvals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_newest" ON "approvals" USING btree ("requested_at","id");--> statement-breakpoint
CREATE INDEX "approvals_by_subject" ON "approvals" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "approvals_untold" ON "approvals" USING btree ("decided_at") WHERE "approvals"."status" = 'approved' AND "approvals"."told_at" IS NULL;--> statement-breakpoint
CREATE INDEX "decisions_by_actor" ON "decisions" USING btree ("actor","at");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_transaction" ON "ledger_entries" USING btree ("transaction_id");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_account" ON "ledger_entries" USING btree ("account","created_at","id");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_order" ON "ledger_entries" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_payout" ON "ledger_entries" USING btree ("payout_id") WHERE "ledger_entries"."payout_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "seller_postings_by_currency" ON "seller_postings" USING btree ("seller_id","currency","created_at","first_entry_id");--> statement-breakpoint
CREATE INDEX "seller_postings_by_transaction" ON "seller_postings" USING btree ("transaction_id","seller_id");--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_events_event_key" ON "webhook_events" USING btree ("provider","event_id");--> statement-breakpoint
CREATE INDEX "webhook_events_by_about" ON "webhook_events" USING btree ("about");--> statement-breakpoint
CREATE INDEX "webhook_events_unprocessed" ON "webhook_events" USING btree ("received_at") WHERE "webhook_events"."processed_at" IS NULL;--> statement-breakpoint
CREATE INDEX "webhook_events_newest" ON "webhook_events" USING btree ("received_at","id");--> statement-breakpoint
CREATE INDEX "webhook_events_by_outcome" ON "webhook_events" USING btree ("outcome","received_at","id") WHERE "webhook_events"."outcome" <> 'signalled';--> statement-breakpoint
CREATE INDEX "webhook_events_undone_by_look" ON "webhook_events" USING btree ("reconcile_checked_at" NULLS FIRST,"received_at") WHERE "webhook_events"."processed_at" IS NULL OR "webhook_events"."outcome" = 'unmatched';--> statement-breakpoint
CREATE INDEX "webhook_events_with_body_by_time" ON "webhook_events" USING btree ("processed_at") WHERE "webhook_events"."body" IS NOT NULL AND "webhook_events"."processed_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "products_newest" ON "products" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "products_by_seller" ON "products" USING btree ("seller_id","created_at","id") WHERE "products"."active";--> statement-breakpoint
CREATE INDEX "account_link_asks_by_user" ON "account_link_asks" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "licenses_item_key" ON "licenses" USING btree ("order_item_id");--> statement-breakpoint
CREATE INDEX "licenses_by_buyer" ON "licenses" USING btree ("buyer_id");--> statement-breakpoint
CREATE UNIQUE INDEX "order_items_position_key" ON "order_items" USING btree ("order_id","position");--> statement-breakpoint
CREATE INDEX "order_items_by_seller" ON "order_items" USING btree ("seller_id");--> statement-breakpoint
CREATE UNIQUE INDEX "orders_payment_key" ON "orders" USING btree ("payment_id");--> statement-breakpoint
CREATE INDEX "orders_by_connector_transaction" ON "orders" USING btree ("connector_transaction_id") WHERE "orders"."connector_transaction_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "orders_captured_by_time" ON "orders" USING btree (coalesce("completed_at", "created_at"),"id") WHERE "orders"."captured_minor" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "orders_settled_by_look" ON "orders" USING btree (coalesce("outside_checked_at", "completed_at", "created_at") NULLS FIRST,"created_at") WHERE "orders"."captured_minor" IS NOT NULL AND NOT "orders"."outside_over";--> statement-breakpoint
CREATE INDEX "orders_settled_by_time" ON "orders" USING btree (coalesce("completed_at", "created_at")) WHERE "orders"."captured_minor" IS NOT NULL AND NOT "orders"."outside_over";--> statement-breakpoint
CREATE INDEX "orders_by_buyer" ON "orders" USING btree ("buyer_id","created_at","id");--> statement-breakpoint
CREATE INDEX "orders_open_by_buyer" ON "orders" USING btree ("buyer_id") WHERE "orders"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "orders_newest" ON "orders" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "orders_pending_by_look" ON "orders" USING btree ("reconcile_checked_at" NULLS FIRST,"created_at") WHERE "orders"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "orders_watched_by_look" ON "orders" USING btree ("reconcile_checked_at" NULLS FIRST,"created_at") WHERE "orders"."payment_watched_until" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "orders_open_by_look" ON "orders" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "orders"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "dispute_words_by_dispute" ON "dispute_words" USING btree ("dispute_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "disputes_provider_key" ON "disputes" USING btree ("provider_dispute_id");--> statement-breakpoint
CREATE INDEX "disputes_by_order" ON "disputes" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "disputes_by_connector" ON "disputes" USING btree ("connector_dispute_id") WHERE "disputes"."connector_dispute_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "disputes_by_time" ON "disputes" USING btree ("opened_at","id");--> statement-breakpoint
CREATE INDEX "disputes_open_by_order" ON "disputes" USING btree ("order_id") WHERE "disputes"."status" = 'open';--> statement-breakpoint
CREATE INDEX "disputes_unbooked_by_look" ON "disputes" USING btree ("reconcile_checked_at" NULLS FIRST,"opened_at") WHERE "disputes"."unbooked_since" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "refund_allocations_by_item" ON "refund_allocations" USING btree ("order_item_id");--> statement-breakpoint
CREATE INDEX "refund_allocations_fees_owed" ON "refund_allocations" USING btree ("order_item_id") WHERE "refund_allocations"."fees_netted_minor" < "refund_allocations"."fees_owed_minor";--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_provider_key" ON "refunds" USING btree ("hyperswitch_refund_id");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_one_open_per_order" ON "refunds" USING btree ("order_id") WHERE "refunds"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "refunds_succeeded_by_time" ON "refunds" USING btree ("succeeded_at","id") WHERE "refunds"."succeeded_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "refunds_by_order" ON "refunds" USING btree ("order_id","created_at","id");--> statement-breakpoint
CREATE INDEX "refunds_by_dispute" ON "refunds" USING btree ("dispute_id") WHERE "refunds"."dispute_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "refunds_by_time" ON "refunds" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "refunds_pending_by_look" ON "refunds" USING btree ("reconcile_checked_at" NULLS FIRST,"created_at") WHERE "refunds"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "refunds_open_by_look" ON "refunds" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "refunds"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "refund_events_by_refund" ON "refund_events" USING btree ("refund_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "seller_transfers_one_per_seller" ON "seller_transfers" USING btree ("order_id","seller_id") WHERE "seller_transfers"."retry_of" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "seller_transfers_retry_of_key" ON "seller_transfers" USING btree ("retry_of");--> statement-breakpoint
CREATE UNIQUE INDEX "seller_transfers_stripe_key" ON "seller_transfers" USING btree ("stripe_transfer_id") WHERE "seller_transfers"."stripe_transfer_id" IS NOT NULL AND "seller_transfers"."stripe_transfer_id" <> '';--> statement-breakpoint
CREATE INDEX "seller_transfers_failed_due" ON "seller_transfers" USING btree ("status","next_retry_at") WHERE "seller_transfers"."status" = 'failed';--> statement-breakpoint
CREATE INDEX "seller_transfers_reversal_due" ON "seller_transfers" USING btree ("status","next_retry_at") WHERE "seller_transfers"."status" = 'reversal_pending';--> statement-breakpoint
CREATE INDEX "seller_transfers_by_status" ON "seller_transfers" USING btree ("status","created_at","id") WHERE "seller_transfers"."status" <> 'completed';--> statement-breakpoint
CREATE INDEX "seller_transfers_open_by_look" ON "seller_transfers" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "seller_transfers"."status" IN ('pending', 'failed');--> statement-breakpoint
CREATE INDEX "seller_transfers_gave_up" ON "seller_transfers" USING btree ("created_at","id") WHERE "seller_transfers"."status" = 'permanently_failed' AND "seller_transfers"."completed_at" IS NULL AND "seller_transfers"."amount_minor" > 0;--> statement-breakpoint
CREATE INDEX "seller_transfers_completed_by_time" ON "seller_transfers" USING btree ("completed_at","id") WHERE "seller_transfers"."completed_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "seller_transfers_newest" ON "seller_transfers" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "seller_transfers_by_seller" ON "seller_transfers" USING btree ("seller_id");--> statement-breakpoint
CREATE INDEX "seller_transfers_by_order" ON "seller_transfers" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "seller_transfers_without_id" ON "seller_transfers" USING btree ("id") WHERE "seller_transfers"."completed_at" IS NOT NULL AND ("seller_transfers"."stripe_transfer_id" IS NULL OR "seller_transfers"."stripe_transfer_id" = '');--> statement-breakpoint
CREATE UNIQUE INDEX "transfer_reversals_one_per_refund" ON "transfer_reversals" USING btree ("transfer_id","refund_id") WHERE "transfer_reversals"."retry_of" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "transfer_reversals_retry_of_key" ON "transfer_reversals" USING btree ("retry_of");--> statement-breakpoint
CREATE UNIQUE INDEX "transfer_reversals_stripe_key" ON "transfer_reversals" USING btree ("stripe_reversal_id") WHERE "transfer_reversals"."stripe_reversal_id" IS NOT NULL AND "transfer_reversals"."stripe_reversal_id" <> '';--> statement-breakpoint
CREATE INDEX "transfer_reversals_due" ON "transfer_reversals" USING btree ("next_retry_at") WHERE "transfer_reversals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "transfer_reversals_open_by_look" ON "transfer_reversals" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "transfer_reversals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "transfer_reversals_by_status" ON "transfer_reversals" USING btree ("status","created_at","id") WHERE "transfer_reversals"."status" <> 'reversed';--> statement-breakpoint
CREATE INDEX "transfer_reversals_reversed_by_time" ON "transfer_reversals" USING btree ("ended_at","id") WHERE "transfer_reversals"."status" = 'reversed';--> statement-breakpoint
CREATE INDEX "transfer_reversals_newest" ON "transfer_reversals" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "transfer_reversals_by_transfer" ON "transfer_reversals" USING btree ("transfer_id");--> statement-breakpoint
CREATE INDEX "transfer_reversals_by_refund" ON "transfer_reversals" USING btree ("refund_id");--> statement-breakpoint
CREATE UNIQUE INDEX "seller_payouts_external_key" ON "seller_payouts" USING btree ("external_payout_id");--> statement-breakpoint
CREATE INDEX "seller_payouts_by_seller" ON "seller_payouts" USING btree ("seller_id","created_at","id");--> statement-breakpoint
CREATE INDEX "seller_payouts_paid_by_time" ON "seller_payouts" USING btree ("paid_at","id") WHERE "seller_payouts"."paid_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "seller_payouts_newest" ON "seller_payouts" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "seller_payouts_by_status" ON "seller_payouts" USING btree ("status","created_at","id") WHERE "seller_payouts"."status" <> 'paid';--> statement-breakpoint
CREATE INDEX "seller_payouts_open_by_look" ON "seller_payouts" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "seller_payouts"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "provider_statements_file_key" ON "provider_statements" USING btree ("file_hash","layout");--> statement-breakpoint
CREATE INDEX "provider_statements_newest" ON "provider_statements" USING btree ("created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "statement_exceptions_position_key" ON "statement_exceptions" USING btree ("position");--> statement-breakpoint
CREATE INDEX "statement_exceptions_by_statement" ON "statement_exceptions" USING btree ("statement_id","position");--> statement-breakpoint
CREATE INDEX "statement_exceptions_by_kind" ON "statement_exceptions" USING btree ("statement_id","kind","position");--> statement-breakpoint
CREATE INDEX "statement_exceptions_open" ON "statement_exceptions" USING btree ("statement_id","position") WHERE "statement_exceptions"."resolved_at" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "statement_exceptions_missed_once" ON "statement_exceptions" USING btree ("statement_id","subject") WHERE "statement_exceptions"."kind" = 'missing_there';