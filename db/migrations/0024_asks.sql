-- The words of refunds that no worker has taken up yet: they are refused, since nobody kept the rest of their asks, and
-- whoever repeats the call gives them again.
DROP TABLE "refund_reasons" CASCADE;--> statement-breakpoint
CREATE TABLE "asks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"ask" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "transfer_reversals" ADD COLUMN "needs_new_key" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "needs_new_key" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "asks_by_time" ON "asks" USING btree ("created_at");