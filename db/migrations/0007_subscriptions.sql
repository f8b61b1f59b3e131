CREATE TABLE "mails" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"params" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mails_kind_known" CHECK ("mails"."kind" IN ('subscription_started', 'trial_started', 'trial_ending', 'trial_over', 'invoice_receipt', 'year_renews_soon', 'payment_failed', 'bank_wants_you', 'subscription_recovered', 'subscription_expired', 'subscription_canceled', 'subscription_taken_back', 'subscription_changed', 'change_failed', 'invoice_refunded', 'price_moves'))
);
--> statement-breakpoint
CREATE TABLE "card_setups" (
	"id" uuid PRIMARY KEY NOT NULL,
	"subscription_id" uuid NOT NULL,
	"client_secret" text,
	"provider_status" text,
	"asked_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payment_methods" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"provider_payment_method_id" text NOT NULL,
	"fingerprint_hash" text,
	"brand" text NOT NULL,
	"last4" text NOT NULL,
	"exp_month" integer NOT NULL,
	"exp_year" integer NOT NULL,
	"replaced_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payment_methods_providerPaymentMethodId_unique" UNIQUE("provider_payment_method_id")
);
--> statement-breakpoint
CREATE TABLE "phantom_subscriptions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "phantom_subscriptions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"sweep_id" text NOT NULL,
	"swept_on" date NOT NULL,
	"row" jsonb NOT NULL,
	"why" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "plan_prices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"plan_id" text NOT NULL,
	"billing_cycle" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"valid_until" timestamp with time zone,
	CONSTRAINT "plan_prices_cycle_known" CHECK ("plan_prices"."billing_cycle" IN ('monthly', 'yearly')),
	CONSTRAINT "plan_prices_amount_sane" CHECK ("plan_prices"."amount_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "plan_prices_currency_iso" CHECK ("plan_prices"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "plan_prices_validity_sane" CHECK ("plan_prices"."valid_until" > "plan_prices"."valid_from")
);
--> statement-breakpoint
CREATE TABLE "plans" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"rank" integer NOT NULL,
	"trial_days" integer DEFAULT 0 NOT NULL,
	"features" jsonb NOT NULL,
	"offered" boolean DEFAULT true NOT NULL,
	CONSTRAINT "plans_rank_unique" UNIQUE("rank"),
	CONSTRAINT "plans_numbers_sane" CHECK ("plans"."rank" >= 0 AND "plans"."trial_days" >= 0)
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"price_id" uuid NOT NULL,
	"status" text NOT NULL,
	"anchor_at" timestamp with time zone,
	"period_index" integer DEFAULT 0 NOT NULL,
	"current_period_start" timestamp with time zone,
	"current_period_end" timestamp with time zone,
	"trial_end" timestamp with time zone,
	"cancel_requested_at" timestamp with time zone,
	"cancel_cause" text,
	"payment_method_id" uuid,
	"next_due_at" timestamp with time zone,
	"dunning_since" timestamp with time zone,
	"dunning_index" integer DEFAULT 0 NOT NULL,
	"moves_to_price_id" uuid,
	"moves_price_after" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"end_reason" text,
	"work_checked_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "subscriptions_status_known" CHECK ("subscriptions"."status" IN ('pending_payment', 'trialing', 'active', 'canceling', 'past_due', 'canceled', 'expired')),
	CONSTRAINT "subscriptions_cancel_cause_known" CHECK ("subscriptions"."cancel_cause" IN ('person', 'dispute')),
	CONSTRAINT "subscriptions_end_reason_known" CHECK ("subscriptions"."end_reason" IN ('asked', 'replaced', 'unpaid', 'trial_without_card', 'trial_used', 'dunning_over', 'refunded', 'dispute_lost', 'disputed', 'phantom', 'ended_by_operator')),
	CONSTRAINT "subscriptions_counts_sane" CHECK ("subscriptions"."period_index" >= 0 AND "subscriptions"."dunning_index" >= 0),
	CONSTRAINT "subscriptions_period_whole" CHECK (num_nonnulls("subscriptions"."current_period_start", "subscriptions"."current_period_end") <> 1 AND "subscriptions"."current_period_end" > "subscriptions"."current_period_start"),
	CONSTRAINT "subscriptions_ended_says_why" CHECK (("subscriptions"."status" IN ('expired', 'canceled')) = ("subscriptions"."ended_at" IS NOT NULL AND "subscriptions"."end_reason" IS NOT NULL))
);
--> statement-breakpoint
CREATE TABLE "trial_uses" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"email_hash" text NOT NULL,
	"fingerprint_hash" text,
	"used_at" timestamp with time zone NOT NULL,
	CONSTRAINT "trial_uses_emailHash_unique" UNIQUE("email_hash")
);
--> statement-breakpoint
CREATE TABLE "credit_notes" (
	"number" text PRIMARY KEY NOT NULL,
	"invoice_id" uuid NOT NULL,
	"refund_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "credit_notes_refundId_unique" UNIQUE("refund_id"),
	CONSTRAINT "credit_notes_amount_sane" CHECK ("credit_notes"."amount_minor" BETWEEN 1 AND 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "invoice_counters" (
	"series" text PRIMARY KEY NOT NULL,
	"last_number" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invoice_lines" (
	"id" uuid PRIMARY KEY NOT NULL,
	"invoice_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"kind" text NOT NULL,
	"description" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	CONSTRAINT "invoice_lines_kind_known" CHECK ("invoice_lines"."kind" IN ('plan', 'unused_credit', 'minimum_charge'))
);
--> statement-breakpoint
CREATE TABLE "invoice_payments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"invoice_id" uuid NOT NULL,
	"attempt" integer NOT NULL,
	"on_session" boolean NOT NULL,
	"payment_method_id" uuid,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"provider_status" text,
	"received_minor" bigint,
	"received_currency" text,
	"decline_code" text,
	"decline_class" text,
	"error_message" text,
	"client_secret" text,
	"client_secret_expires_at" timestamp with time zone,
	"connector_transaction_id" text,
	"asked_at" timestamp with time zone,
	"end_requested_at" timestamp with time zone,
	"reconcile_checked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invoice_payments_status_known" CHECK ("invoice_payments"."status" IN ('pending', 'succeeded', 'failed', 'given_back')),
	CONSTRAINT "invoice_payments_decline_class_known" CHECK ("invoice_payments"."decline_class" IN ('final', 'retry')),
	CONSTRAINT "invoice_payments_amount_sane" CHECK ("invoice_payments"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "invoice_payments_received_sane" CHECK ("invoice_payments"."received_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "invoice_payments_currency_iso" CHECK ("invoice_payments"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "invoice_payments_attempt_counts" CHECK ("invoice_payments"."attempt" >= 1)
);
--> statement-breakpoint
CREATE TABLE "invoices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"subscription_id" uuid NOT NULL,
	"price_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"number" text,
	"period_start" timestamp with time zone,
	"period_end" timestamp with time zone,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"tax_minor" bigint DEFAULT 0 NOT NULL,
	"refunded_minor" bigint DEFAULT 0 NOT NULL,
	"hyperswitch_payment_id" text,
	"issued_to" jsonb NOT NULL,
	"paid_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "invoices_number_unique" UNIQUE("number"),
	CONSTRAINT "invoices_reason_known" CHECK ("invoices"."reason" IN ('first', 'renewal', 'trial_end', 'change')),
	CONSTRAINT "invoices_status_known" CHECK ("invoices"."status" IN ('open', 'paid', 'partially_refunded', 'refunded', 'void')),
	CONSTRAINT "invoices_amount_sane" CHECK ("invoices"."amount_minor" BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "invoices_tax_within" CHECK ("invoices"."tax_minor" BETWEEN 0 AND "invoices"."amount_minor"),
	CONSTRAINT "invoices_refunded_within" CHECK ("invoices"."refunded_minor" BETWEEN 0 AND "invoices"."amount_minor"),
	CONSTRAINT "invoices_currency_iso" CHECK ("invoices"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "invoices_paid_is_whole" CHECK (("invoices"."status" IN ('open', 'void')) = ("invoices"."number" IS NULL)
        AND ("invoices"."number" IS NULL) = ("invoices"."paid_at" IS NULL)
        AND ("invoices"."number" IS NULL OR "invoices"."period_start" IS NOT NULL AND "invoices"."period_end" IS NOT NULL)),
	CONSTRAINT "invoices_period_sane" CHECK (num_nonnulls("invoices"."period_start", "invoices"."period_end") <> 1 AND "invoices"."period_end" > "invoices"."period_start")
);
--> statement-breakpoint
CREATE TABLE "revenue_schedules" (
	"id" uuid PRIMARY KEY NOT NULL,
	"invoice_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"recognised_minor" bigint DEFAULT 0 NOT NULL,
	"currency" text NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	CONSTRAINT "revenue_schedules_invoiceId_unique" UNIQUE("invoice_id"),
	CONSTRAINT "revenue_schedules_amount_sane" CHECK ("revenue_schedules"."amount_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "revenue_schedules_recognised_within" CHECK ("revenue_schedules"."recognised_minor" BETWEEN 0 AND "revenue_schedules"."amount_minor"),
	CONSTRAINT "revenue_schedules_currency_iso" CHECK ("revenue_schedules"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "revenue_schedules_time_sane" CHECK ("revenue_schedules"."ends_at" > "revenue_schedules"."starts_at")
);
--> statement-breakpoint
CREATE TABLE "subscription_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"subscription_id" uuid NOT NULL,
	"to_price_id" uuid NOT NULL,
	"quoted_at" timestamp with time zone NOT NULL,
	"invoice_id" uuid,
	"status" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "subscription_changes_status_known" CHECK ("subscription_changes"."status" IN ('pending', 'scheduled', 'applied', 'failed', 'replaced'))
);
--> statement-breakpoint
ALTER TABLE "ops_flags" DROP CONSTRAINT "ops_flags_kind_known";--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP CONSTRAINT "ledger_entries_kind_known";--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP CONSTRAINT "ledger_entries_of_kind_known";--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP CONSTRAINT "ledger_entries_root_kind_known";--> statement-breakpoint
ALTER TABLE "mails" ADD CONSTRAINT "mails_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "card_setups" ADD CONSTRAINT "card_setups_subscription_id_subscriptions_id_fk" FOREIGN KEY ("subscription_id") REFERENCES "public"."subscriptions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_methods" ADD CONSTRAINT "payment_methods_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "plan_prices" ADD CONSTRAINT "plan_prices_plan_id_plans_id_fk" FOREIGN KEY ("plan_id") REFERENCES "public"."plans"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_price_id_plan_prices_id_fk" FOREIGN KEY ("price_id") REFERENCES "public"."plan_prices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_payment_method_id_payment_methods_id_fk" FOREIGN KEY ("payment_method_id") REFERENCES "public"."payment_methods"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_moves_to_price_id_plan_prices_id_fk" FOREIGN KEY ("moves_to_price_id") REFERENCES "public"."plan_prices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_notes" ADD CONSTRAINT "credit_notes_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_notes" ADD CONSTRAINT "credit_notes_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_payments" ADD CONSTRAINT "invoice_payments_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_payments" ADD CONSTRAINT "invoice_payments_payment_method_id_payment_methods_id_fk" FOREIGN KEY ("payment_method_id") REFERENCES "public"."payment_methods"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_subscription_id_subscriptions_id_fk" FOREIGN KEY ("subscription_id") REFERENCES "public"."subscriptions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_price_id_plan_prices_id_fk" FOREIGN KEY ("price_id") REFERENCES "public"."plan_prices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revenue_schedules" ADD CONSTRAINT "revenue_schedules_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscription_changes" ADD CONSTRAINT "subscription_changes_subscription_id_subscriptions_id_fk" FOREIGN KEY ("subscription_id") REFERENCES "public"."subscriptions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscription_changes" ADD CONSTRAINT "subscription_changes_to_price_id_plan_prices_id_fk" FOREIGN KEY ("to_price_id") REFERENCES "public"."plan_prices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscription_changes" ADD CONSTRAINT "subscription_changes_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "mails_once" ON "mails" USING btree ("kind","subject");--> statement-breakpoint
CREATE INDEX "mails_newest" ON "mails" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "card_setups_by_subscription" ON "card_setups" USING btree ("subscription_id","created_at");--> statement-breakpoint
CREATE INDEX "payment_methods_by_user" ON "payment_methods" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "phantom_subscriptions_by_day" ON "phantom_subscriptions" USING btree ("swept_on","id");--> statement-breakpoint
CREATE UNIQUE INDEX "plan_prices_one_open" ON "plan_prices" USING btree ("plan_id","billing_cycle") WHERE "plan_prices"."valid_until" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "subscriptions_one_live_per_user" ON "subscriptions" USING btree ("user_id") WHERE "subscriptions"."status" NOT IN ('expired', 'canceled');--> statement-breakpoint
CREATE INDEX "subscriptions_by_user" ON "subscriptions" USING btree ("user_id","created_at","id");--> statement-breakpoint
CREATE INDEX "subscriptions_by_status" ON "subscriptions" USING btree ("status","created_at","id");--> statement-breakpoint
CREATE INDEX "subscriptions_due" ON "subscriptions" USING btree ("next_due_at") WHERE "subscriptions"."next_due_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "trial_uses_by_fingerprint" ON "trial_uses" USING btree ("fingerprint_hash");--> statement-breakpoint
CREATE INDEX "credit_notes_by_invoice" ON "credit_notes" USING btree ("invoice_id");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_lines_position_key" ON "invoice_lines" USING btree ("invoice_id","position");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_payments_attempt_key" ON "invoice_payments" USING btree ("invoice_id","attempt");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_payments_one_pending" ON "invoice_payments" USING btree ("invoice_id") WHERE "invoice_payments"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "invoice_payments_pending_by_look" ON "invoice_payments" USING btree ("reconcile_checked_at" NULLS FIRST,"created_at") WHERE "invoice_payments"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "invoice_payments_by_time" ON "invoice_payments" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "invoices_one_open" ON "invoices" USING btree ("subscription_id") WHERE "invoices"."status" = 'open';--> statement-breakpoint
CREATE UNIQUE INDEX "invoices_one_per_period" ON "invoices" USING btree ("subscription_id","period_start") WHERE "invoices"."status" <> 'void' AND "invoices"."reason" <> 'change';--> statement-breakpoint
CREATE INDEX "invoices_by_subscription" ON "invoices" USING btree ("subscription_id","created_at","id");--> statement-breakpoint
CREATE INDEX "invoices_by_payment" ON "invoices" USING btree ("hyperswitch_payment_id");--> statement-breakpoint
CREATE INDEX "revenue_schedules_open" ON "revenue_schedules" USING btree ("starts_at","id") WHERE "revenue_schedules"."recognised_minor" < "revenue_schedules"."amount_minor";--> statement-breakpoint
CREATE UNIQUE INDEX "subscription_changes_one_pending" ON "subscription_changes" USING btree ("subscription_id") WHERE "subscription_changes"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "subscription_changes_one_scheduled" ON "subscription_changes" USING btree ("subscription_id") WHERE "subscription_changes"."status" = 'scheduled';--> statement-breakpoint
CREATE UNIQUE INDEX "subscription_changes_invoice_key" ON "subscription_changes" USING btree ("invoice_id");--> statement-breakpoint
CREATE INDEX "subscription_changes_by_subscription" ON "subscription_changes" USING btree ("subscription_id","created_at","id");--> statement-breakpoint
ALTER TABLE "ops_flags" ADD CONSTRAINT "ops_flags_kind_known" CHECK ("ops_flags"."kind" IN ('unknown_signal', 'unhandled_webhook', 'account_gone', 'seller_funds_short', 'stripe_refuses_our_key', 'amount_differs', 'capture_differs', 'late_payment', 'succeeded_after_failed', 'failed_after_succeeded', 'give_back_failed', 'orphan_failed', 'outside_refund_unbooked', 'refunded_beyond_captured', 'dispute_opened', 'dispute_expired', 'dispute_unbooked', 'dispute_contradicted', 'reversal_gave_up', 'reversal_happened_after_all', 'outside_reversal', 'transfer_gave_up', 'transfer_happened_after_all', 'transfer_without_id', 'psp_refuses_our_key', 'payout_gave_up', 'payout_paid_after_failed', 'outside_payout', 'phantom', 'renewal_unanswered', 'double_payment', 'psp_retries_itself', 'invoice_payment_held', 'statement_exceptions'));--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_kind_known" CHECK ("ledger_entries"."kind" IN ('order_completed', 'payment_suspended', 'transfer_completed', 'transfer_settled_outside', 'transfer_written_off', 'transfer_write_off_recovered', 'refund_succeeded', 'reversal_done', 'outside_reversal', 'suspense_claimed', 'reversal_settled_outside', 'reversal_written_off', 'write_off_recovered', 'write_off_undone', 'refund_returned', 'dispute_won_back', 'payout_asked', 'payout_paid', 'payout_failed', 'payout_returned', 'invoice_paid', 'invoice_payment_suspended', 'invoice_payment_returned', 'invoice_refunded', 'invoice_refund_returned', 'revenue_recognised'));--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_of_kind_known" CHECK ("ledger_entries"."of_kind" IN ('order', 'refund', 'transfer', 'reversal', 'payout', 'invoice'));--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_root_kind_known" CHECK ("ledger_entries"."root_kind" IN ('order', 'refund', 'transfer', 'reversal', 'payout', 'invoice'));--> statement-breakpoint
CREATE TRIGGER phantom_subscriptions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON phantom_subscriptions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
INSERT INTO plans (id, name, rank, trial_days, features) VALUES
  ('free', 'Free', 0, 0, '{"canSellOnMarketplace": false, "canDistribute": false, "uploadQuotaMb": 500}'),
  ('creator', 'Creator', 1, 0, '{"canSellOnMarketplace": true, "canDistribute": true, "uploadQuotaMb": 10240}'),
  ('premium', 'Premium', 2, 14, '{"canSellOnMarketplace": true, "canDistribute": true, "uploadQuotaMb": 102400}');
--> statement-breakpoint
INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from) VALUES
  ('01998000-0000-7000-8000-000000000001', 'free', 'monthly', 0, 'USD', '2020-01-01Z'),
  ('01998000-0000-7000-8000-000000000002', 'creator', 'monthly', 999, 'USD', '2020-01-01Z'),
  ('01998000-0000-7000-8000-000000000003', 'creator', 'yearly', 9990, 'USD', '2020-01-01Z'),
  ('01998000-0000-7000-8000-000000000004', 'premium', 'monthly', 1999, 'USD', '2020-01-01Z'),
  ('01998000-0000-7000-8000-000000000005', 'premium', 'yearly', 19990, 'USD', '2020-01-01Z');
