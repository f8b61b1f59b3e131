ALTER TABLE "refund_allocations" ADD COLUMN "in_flight_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
-- What was in flight when this version came: the transfer that was asked has not completed yet.
UPDATE "refund_allocations" AS allocation SET "in_flight_minor" = allocation."seller_minor" - allocation."fees_owed_minor"
FROM "order_items" AS item, "seller_transfers" AS transfer
WHERE item."id" = allocation."order_item_id"
  AND transfer."order_id" = item."order_id" AND transfer."seller_id" = item."seller_id"
  AND transfer."completed_at" IS NULL AND allocation."seller_source" = 'in_flight';
