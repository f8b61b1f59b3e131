ALTER TABLE "orders" ADD COLUMN "payment_watched_until" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "orders_open_by_buyer" ON "orders" USING btree ("buyer_id") WHERE "orders"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "orders_watched_by_look" ON "orders" USING btree ("reconcile_checked_at" NULLS FIRST,"created_at") WHERE "orders"."payment_watched_until" IS NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_watched_took_nothing" CHECK ("orders"."payment_watched_until" IS NULL OR ("orders"."status" = 'failed' AND "orders"."captured_minor" IS NULL));--> statement-breakpoint
-- Of orders that failed before this nobody knows whether the payment was dead. Those of the last month are looked at.
UPDATE "orders" SET "payment_watched_until" = now() + interval '30 days'
WHERE "status" = 'failed' AND "captured_minor" IS NULL AND "payment_id" IS NOT NULL
  AND "payment_status" IS DISTINCT FROM 'cancelled_post_capture' AND "created_at" > now() - interval '31 days';
