ALTER TABLE "seller_transfers" ADD COLUMN "missed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "missed_at" timestamp with time zone;