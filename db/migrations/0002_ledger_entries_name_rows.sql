ALTER TABLE "ledger_entries" DROP CONSTRAINT "ledger_entries_order_id_orders_id_fk";
--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP CONSTRAINT "ledger_entries_refund_id_refunds_id_fk";
--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP CONSTRAINT "ledger_entries_transfer_id_seller_transfers_id_fk";
--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP CONSTRAINT "ledger_entries_payout_id_seller_payouts_id_fk";
--> statement-breakpoint
DROP INDEX "ledger_entries_by_order";--> statement-breakpoint
DROP INDEX "ledger_entries_by_payout";--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD COLUMN "of_kind" text;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD COLUMN "of_id" uuid;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD COLUMN "root_kind" text;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD COLUMN "root_id" uuid;--> statement-breakpoint
-- What an entry is of moves with it. Nobody else sees the ledger before this is committed, so its trigger is away for as long.
-- Of a share that was tried again, entries name the reversal that stands.
ALTER TABLE "ledger_entries" DISABLE TRIGGER "ledger_entries_append_only";--> statement-breakpoint
UPDATE "ledger_entries" AS entry SET
  "root_kind" = CASE WHEN entry."payout_id" IS NULL THEN 'order' ELSE 'payout' END,
  "root_id" = coalesce(entry."payout_id", entry."order_id"),
  "of_kind" = CASE
    WHEN entry."payout_id" IS NOT NULL THEN 'payout'
    WHEN reversal."id" IS NOT NULL THEN 'reversal'
    WHEN entry."transfer_id" IS NOT NULL THEN 'transfer'
    WHEN entry."refund_id" IS NOT NULL THEN 'refund'
    ELSE 'order' END,
  "of_id" = coalesce(entry."payout_id", reversal."id", entry."transfer_id", entry."refund_id", entry."order_id")
FROM "ledger_entries" AS told LEFT JOIN LATERAL (
  SELECT "id" FROM "transfer_reversals" AS tried
  WHERE tried."transfer_id" = told."transfer_id" AND tried."refund_id" = told."refund_id"
    AND NOT EXISTS (SELECT FROM "transfer_reversals" AS again WHERE again."retry_of" = tried."id")
  LIMIT 1
) AS reversal ON true
WHERE told."id" = entry."id";--> statement-breakpoint
ALTER TABLE "ledger_entries" ENABLE TRIGGER "ledger_entries_append_only";--> statement-breakpoint
ALTER TABLE "ledger_entries" ALTER COLUMN "of_kind" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "ledger_entries" ALTER COLUMN "of_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "ledger_entries" ALTER COLUMN "root_kind" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "ledger_entries" ALTER COLUMN "root_id" SET NOT NULL;--> statement-breakpoint
CREATE INDEX "ledger_entries_by_root" ON "ledger_entries" USING btree ("root_id");--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP COLUMN "order_id";--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP COLUMN "refund_id";--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP COLUMN "transfer_id";--> statement-breakpoint
ALTER TABLE "ledger_entries" DROP COLUMN "payout_id";--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_of_kind_known" CHECK ("ledger_entries"."of_kind" IN ('order', 'refund', 'transfer', 'reversal', 'payout'));--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_root_kind_known" CHECK ("ledger_entries"."root_kind" IN ('order', 'refund', 'transfer', 'reversal', 'payout'));