CREATE TABLE "account_deletions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"status" text DEFAULT 'scheduled' NOT NULL,
	"keep_public_tracks" boolean NOT NULL,
	"requested_by" text NOT NULL,
	"requested_at" timestamp with time zone DEFAULT now() NOT NULL,
	"final_at" timestamp with time zone NOT NULL,
	"waits_for" text[] DEFAULT '{}' NOT NULL,
	"waiting_since" timestamp with time zone,
	"held_at" timestamp with time zone,
	"hidden" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"reminded_at" timestamp with time zone,
	"paid_out_at" timestamp with time zone,
	"undone_at" timestamp with time zone,
	"erasing_at" timestamp with time zone,
	"erased_at" timestamp with time zone,
	"steps" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"report" jsonb,
	CONSTRAINT "account_deletions_status_known" CHECK ("account_deletions"."status" IN ('scheduled', 'waiting', 'erasing', 'undone', 'erased')),
	CONSTRAINT "account_deletions_waits_known" CHECK ("account_deletions"."waits_for" <@ ARRAY['order_pending', 'refund_window', 'refund_open', 'dispute_open', 'transfer_open', 'reversal_open', 'payout_open', 'invoice_open', 'balance_pending', 'balance_available', 'balance_owed', 'account_barred', 'hold'])
);
--> statement-breakpoint
CREATE TABLE "data_exports" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"status" text DEFAULT 'queued' NOT NULL,
	"file_key" text,
	"size_bytes" bigint,
	"sha256" text,
	"parts" jsonb,
	"downloads" integer DEFAULT 0 NOT NULL,
	"error_code" text,
	"attempt" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone,
	"requested_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ready_at" timestamp with time zone,
	"expires_at" timestamp with time zone,
	CONSTRAINT "data_exports_status_known" CHECK ("data_exports"."status" IN ('queued', 'building', 'ready', 'failed', 'expired', 'removed')),
	CONSTRAINT "data_exports_ready_whole" CHECK ("data_exports"."status" <> 'ready' OR ("data_exports"."file_key" IS NOT NULL AND "data_exports"."size_bytes" IS NOT NULL AND "data_exports"."sha256" IS NOT NULL AND "data_exports"."expires_at" IS NOT NULL))
);
--> statement-breakpoint
CREATE TABLE "export_tickets" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"export_id" uuid NOT NULL,
	"session_id" uuid,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ops_flags" DROP CONSTRAINT "ops_flags_kind_known";--> statement-breakpoint
ALTER TABLE "mails" DROP CONSTRAINT "mails_kind_known";--> statement-breakpoint
ALTER TABLE "account_deletions" ADD CONSTRAINT "account_deletions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "data_exports" ADD CONSTRAINT "data_exports_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "export_tickets" ADD CONSTRAINT "export_tickets_export_id_data_exports_id_fk" FOREIGN KEY ("export_id") REFERENCES "public"."data_exports"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "account_deletions_one_open" ON "account_deletions" USING btree ("user_id") WHERE "account_deletions"."status" IN ('scheduled', 'waiting', 'erasing');--> statement-breakpoint
CREATE INDEX "account_deletions_by_user" ON "account_deletions" USING btree ("user_id","requested_at","id");--> statement-breakpoint
CREATE INDEX "account_deletions_newest" ON "account_deletions" USING btree ("requested_at","id");--> statement-breakpoint
CREATE INDEX "account_deletions_open" ON "account_deletions" USING btree ("final_at","id") WHERE "account_deletions"."status" IN ('scheduled', 'waiting', 'erasing');--> statement-breakpoint
CREATE UNIQUE INDEX "data_exports_one_open" ON "data_exports" USING btree ("user_id") WHERE "data_exports"."status" IN ('queued', 'building');--> statement-breakpoint
CREATE INDEX "data_exports_by_user" ON "data_exports" USING btree ("user_id","requested_at","id");--> statement-breakpoint
CREATE INDEX "data_exports_newest" ON "data_exports" USING btree ("requested_at","id");--> statement-breakpoint
CREATE INDEX "data_exports_open" ON "data_exports" USING btree ("requested_at","id") WHERE "data_exports"."status" IN ('queued', 'building');--> statement-breakpoint
CREATE INDEX "data_exports_to_expire" ON "data_exports" USING btree ("expires_at","id") WHERE "data_exports"."status" = 'ready';--> statement-breakpoint
CREATE INDEX "export_tickets_by_export" ON "export_tickets" USING btree ("export_id");--> statement-breakpoint
CREATE INDEX "export_tickets_over" ON "export_tickets" USING btree ("expires_at");--> statement-breakpoint
ALTER TABLE "ops_flags" ADD CONSTRAINT "ops_flags_kind_known" CHECK ("ops_flags"."kind" IN ('unknown_signal', 'mail_gave_up', 'unhandled_webhook', 'account_gone', 'seller_funds_short', 'stripe_refuses_our_key', 'amount_differs', 'capture_differs', 'late_payment', 'succeeded_after_failed', 'failed_after_succeeded', 'give_back_failed', 'orphan_failed', 'outside_refund_unbooked', 'refunded_beyond_captured', 'dispute_opened', 'dispute_expired', 'dispute_unbooked', 'dispute_contradicted', 'reversal_gave_up', 'reversal_happened_after_all', 'outside_reversal', 'transfer_gave_up', 'transfer_happened_after_all', 'transfer_without_id', 'psp_refuses_our_key', 'payout_gave_up', 'payout_paid_after_failed', 'outside_payout', 'phantom', 'renewal_unanswered', 'double_payment', 'psp_retries_itself', 'statement_exceptions', 'export_failed', 'deletion_waits', 'erasing_held_up', 'erasure_undone'));--> statement-breakpoint
ALTER TABLE "mails" ADD CONSTRAINT "mails_kind_known" CHECK ("mails"."kind" IN ('password_changed', 'email_change_requested', 'email_changed', 'two_factor_on', 'two_factor_off', 'two_factor_blocked', 'backup_code_used', 'oauth_linked', 'oauth_unlinked', 'new_sign_in', 'session_reuse', 'invitation', 'order_receipt', 'refund_asked', 'refund_succeeded', 'refund_failed', 'payout_paid', 'payout_failed', 'subscription_started', 'trial_started', 'trial_ending', 'trial_over', 'invoice_receipt', 'year_renews_soon', 'payment_failed', 'bank_wants_you', 'subscription_recovered', 'subscription_expired', 'subscription_canceled', 'subscription_taken_back', 'subscription_changed', 'change_failed', 'invoice_refunded', 'price_moves', 'export_ready', 'export_failed', 'export_downloaded', 'deletion_scheduled', 'deletion_reminder', 'deletion_waits', 'deletion_undone', 'deletion_done'));