ALTER TABLE "transfer_reversals" ADD COLUMN "given_up_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "given_up_at" timestamp with time zone;