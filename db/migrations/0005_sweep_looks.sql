ALTER TABLE "orders" ADD COLUMN "work_checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "refunds" ADD COLUMN "orphan_missed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "refunds" ADD COLUMN "work_checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "seller_transfers" ADD COLUMN "work_checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "transfer_reversals" ADD COLUMN "work_checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "seller_payouts" ADD COLUMN "work_checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "webhook_events" ADD COLUMN "reconcile_checked_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "orders_open_by_look" ON "orders" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "orders"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "refunds_open_by_look" ON "refunds" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "refunds"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "seller_transfers_open_by_look" ON "seller_transfers" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "seller_transfers"."status" IN ('pending', 'failed');--> statement-breakpoint
CREATE INDEX "transfer_reversals_open_by_look" ON "transfer_reversals" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "transfer_reversals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "seller_payouts_open_by_look" ON "seller_payouts" USING btree ("work_checked_at" NULLS FIRST,"created_at") WHERE "seller_payouts"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_events_undone_by_look" ON "webhook_events" USING btree ("reconcile_checked_at" NULLS FIRST,"received_at") WHERE "webhook_events"."processed_at" IS NULL OR "webhook_events"."outcome" = 'unmatched';