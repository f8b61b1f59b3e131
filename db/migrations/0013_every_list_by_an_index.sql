-- What people look at must not cost what all the years cost: test/db/list-plans.test.ts holds each of these at a million rows.
-- Newest first, without a filter (all orders for an admin, payouts, the inbox), and what was begun in a time, which
-- success rates count.
CREATE INDEX "orders_newest" ON "orders" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "refunds_by_time" ON "refunds" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "seller_payouts_newest" ON "seller_payouts" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "webhook_events_newest" ON "webhook_events" USING btree ("received_at","id");--> statement-breakpoint
-- By status, also where what is looked for is rare and old. How a row usually ends is left out: each page of the newest
-- has some. Each of these takes the place of one that held a single status.
DROP INDEX "seller_transfers_pending";--> statement-breakpoint
CREATE INDEX "seller_transfers_by_status" ON "seller_transfers" USING btree ("status","created_at","id") WHERE "seller_transfers"."status" <> 'completed';--> statement-breakpoint
DROP INDEX "transfer_reversals_gave_up";--> statement-breakpoint
CREATE INDEX "transfer_reversals_by_status" ON "transfer_reversals" USING btree ("status","created_at","id") WHERE "transfer_reversals"."status" <> 'reversed';--> statement-breakpoint
DROP INDEX "seller_payouts_open";--> statement-breakpoint
CREATE INDEX "seller_payouts_by_status" ON "seller_payouts" USING btree ("status","created_at","id") WHERE "seller_payouts"."status" <> 'paid';--> statement-breakpoint
DROP INDEX "webhook_events_unmatched";--> statement-breakpoint
CREATE INDEX "webhook_events_by_outcome" ON "webhook_events" USING btree ("outcome","received_at","id") WHERE "webhook_events"."outcome" <> 'signalled';--> statement-breakpoint
-- What a seller sells, however many others sell.
CREATE INDEX "products_by_seller" ON "products" USING btree ("seller_id","created_at","id") WHERE "products"."active";--> statement-breakpoint
-- The story of a payout read all postings of its seller's account; that of an order all disputes.
CREATE INDEX "ledger_entries_by_payout" ON "ledger_entries" USING btree ("payout_id") WHERE "ledger_entries"."payout_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "disputes_by_order" ON "disputes" USING btree ("order_id");--> statement-breakpoint
-- Who did it, and what was done, by what its name begins with in whatever language the database sorts.
CREATE INDEX "audit_log_by_actor" ON "audit_log" USING btree ("actor","id");--> statement-breakpoint
CREATE INDEX "audit_log_by_action" ON "audit_log" USING btree ("action" text_pattern_ops,"id");--> statement-breakpoint
-- The few amounts that differ among all that a file does not have.
CREATE INDEX "statement_exceptions_by_kind" ON "statement_exceptions" USING btree ("statement_id","kind","position");
