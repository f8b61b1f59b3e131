CREATE TABLE "refund_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "refund_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"refund_id" uuid NOT NULL,
	"stage" text NOT NULL,
	"at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "refund_events_stage_known" CHECK ("refund_events"."stage" IN ('accepted', 'pending', 'succeeded', 'failed', 'returned'))
);
--> statement-breakpoint
DROP INDEX "ledger_entries_by_account";--> statement-breakpoint
ALTER TABLE "refund_events" ADD CONSTRAINT "refund_events_refund_id_refunds_id_fk" FOREIGN KEY ("refund_id") REFERENCES "public"."refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "refund_events_by_refund" ON "refund_events" USING btree ("refund_id","id");--> statement-breakpoint
CREATE INDEX "seller_transfers_without_id" ON "seller_transfers" USING btree ("id") WHERE "seller_transfers"."completed_at" IS NOT NULL AND ("seller_transfers"."stripe_transfer_id" IS NULL OR "seller_transfers"."stripe_transfer_id" = '');--> statement-breakpoint
CREATE INDEX "ledger_entries_by_account" ON "ledger_entries" USING btree ("account","created_at","id");--> statement-breakpoint
-- Every path that opens, asks or ends a refund is recorded, in the transaction of the change itself.
CREATE FUNCTION record_refund_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
    INSERT INTO refund_events (refund_id, stage) VALUES (NEW.id, NEW.status);
  END IF;
  IF NEW.status = 'pending' AND NEW.hyperswitch_refund_id IS NOT NULL
     AND (TG_OP = 'INSERT' OR OLD.hyperswitch_refund_id IS NULL) THEN
    INSERT INTO refund_events (refund_id, stage) VALUES (NEW.id, 'accepted');
  END IF;
  RETURN NULL;
END
$$;--> statement-breakpoint
-- Refunds from before: what their rows still tell, in the order in which it happened.
INSERT INTO refund_events (refund_id, stage, at)
SELECT id, stage, at FROM (
  SELECT id, 'pending' AS stage, created_at AS at, 1 AS place FROM refunds WHERE kind IN ('requested', 'payment_returned')
  UNION ALL
  SELECT id, 'accepted', created_at, 2 FROM refunds WHERE status = 'pending' AND hyperswitch_refund_id IS NOT NULL
  UNION ALL
  SELECT id, 'failed', failed_at, 3 FROM refunds WHERE failed_at IS NOT NULL
  UNION ALL
  SELECT id, 'succeeded', succeeded_at, 4 FROM refunds WHERE succeeded_at IS NOT NULL
  UNION ALL
  SELECT id, 'returned', now(), 5 FROM refunds WHERE status = 'returned'
) AS told
ORDER BY at, place;--> statement-breakpoint
CREATE TRIGGER refunds_record_events AFTER INSERT OR UPDATE OF status, hyperswitch_refund_id ON "refunds"
  FOR EACH ROW EXECUTE FUNCTION record_refund_event();--> statement-breakpoint
CREATE TRIGGER refund_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "refund_events"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
