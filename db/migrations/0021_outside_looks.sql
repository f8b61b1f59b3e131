ALTER TABLE "statement_exceptions" DROP CONSTRAINT "statement_exceptions_row_kind_known";--> statement-breakpoint
ALTER TABLE "statement_rows" DROP CONSTRAINT "statement_rows_kind_known";--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "outside_checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "outside_over" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "connector_dispute_id" text;--> statement-breakpoint
CREATE INDEX "orders_settled_by_look" ON "orders" USING btree (coalesce("outside_checked_at", "completed_at", "created_at") NULLS FIRST,"created_at") WHERE "orders"."captured_minor" IS NOT NULL AND NOT "orders"."outside_over";--> statement-breakpoint
CREATE INDEX "orders_settled_by_time" ON "orders" USING btree (coalesce("completed_at", "created_at")) WHERE "orders"."captured_minor" IS NOT NULL AND NOT "orders"."outside_over";--> statement-breakpoint
CREATE INDEX "disputes_by_connector" ON "disputes" USING btree ("connector_dispute_id") WHERE "disputes"."connector_dispute_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "disputes_by_time" ON "disputes" USING btree ("opened_at","id");--> statement-breakpoint
ALTER TABLE "statement_exceptions" ADD CONSTRAINT "statement_exceptions_row_kind_known" CHECK ("statement_exceptions"."row_kind" IN ('payment', 'refund', 'transfer', 'reversal', 'payout', 'dispute', 'refund_return', 'payout_return', 'dispute_return'));--> statement-breakpoint
ALTER TABLE "statement_rows" ADD CONSTRAINT "statement_rows_kind_known" CHECK ("statement_rows"."kind" IN ('payment', 'refund', 'transfer', 'reversal', 'payout', 'dispute', 'refund_return', 'payout_return', 'dispute_return'));--> statement-breakpoint
-- The refunds and disputes of a payment are looked for as long as there may be some.
UPDATE "orders" SET "outside_over" = true
WHERE "captured_minor" IS NOT NULL AND coalesce("completed_at", "created_at") <= now() - interval '180 days';
