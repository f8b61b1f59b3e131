ALTER TABLE "seller_payouts" ADD COLUMN "differing_id" text;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "differing_minor" bigint;