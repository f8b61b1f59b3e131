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
DROP INDEX "seller_payouts_by_seller";--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "stripe_transfers_enabled" boolean;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "stripe_payouts_enabled" boolean;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD COLUMN "payout_id" uuid;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "stripe_account_id" text;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "idempotency_key" text;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "asked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "retry_count" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "next_retry_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "error_message" text;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "waiting_for" text;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "paid_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "failed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "seller_onboardings" ADD CONSTRAINT "seller_onboardings_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_payout_id_seller_payouts_id_fk" FOREIGN KEY ("payout_id") REFERENCES "public"."seller_payouts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "seller_payouts_open" ON "seller_payouts" USING btree ("created_at") WHERE "seller_payouts"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "seller_payouts_by_seller" ON "seller_payouts" USING btree ("seller_id","created_at","id");--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD CONSTRAINT "seller_payouts_asked_whole" CHECK ("seller_payouts"."asked_at" IS NULL OR "seller_payouts"."idempotency_key" IS NOT NULL);