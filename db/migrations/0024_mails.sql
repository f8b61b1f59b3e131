ALTER TABLE "mails" DROP CONSTRAINT "mails_kind_known";--> statement-breakpoint
ALTER TABLE "mails" ALTER COLUMN "user_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "mails" ALTER COLUMN "params" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "mails" ADD COLUMN "recipient" text;--> statement-breakpoint
-- Nobody sent what was written until now: it is given up, and no operator is told of it. What is written from now on waits.
ALTER TABLE "mails" ADD COLUMN "status" text DEFAULT 'given_up' NOT NULL;--> statement-breakpoint
ALTER TABLE "mails" ALTER COLUMN "status" SET DEFAULT 'queued';--> statement-breakpoint
ALTER TABLE "mails" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "mails" ADD COLUMN "next_attempt_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "mails" ADD COLUMN "error_code" text;--> statement-breakpoint
ALTER TABLE "mails" ADD COLUMN "queued_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
CREATE INDEX "mails_waiting" ON "mails" USING btree ("id") WHERE "mails"."status" = 'queued';--> statement-breakpoint
CREATE INDEX "mails_given_up" ON "mails" USING btree ("queued_at","id") WHERE "mails"."status" = 'given_up';--> statement-breakpoint
ALTER TABLE "mails" ADD CONSTRAINT "mails_status_known" CHECK ("mails"."status" IN ('queued', 'sent', 'refused', 'given_up'));--> statement-breakpoint
ALTER TABLE "mails" ADD CONSTRAINT "mails_kind_known" CHECK ("mails"."kind" IN ('password_changed', 'email_change_requested', 'email_changed', 'two_factor_on', 'two_factor_off', 'two_factor_blocked', 'backup_code_used', 'oauth_linked', 'oauth_unlinked', 'new_sign_in', 'session_reuse', 'invitation', 'order_receipt', 'refund_asked', 'refund_succeeded', 'refund_failed', 'payout_paid', 'payout_failed', 'subscription_started', 'trial_started', 'trial_ending', 'trial_over', 'invoice_receipt', 'year_renews_soon', 'payment_failed', 'bank_wants_you', 'subscription_recovered', 'subscription_expired', 'subscription_canceled', 'subscription_taken_back', 'subscription_changed', 'change_failed', 'invoice_refunded', 'price_moves'));