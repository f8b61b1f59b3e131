DROP INDEX "statement_exceptions_missed_once";--> statement-breakpoint
ALTER TABLE "invoice_payments" ADD COLUMN "captured_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "invoice_payments_by_connector_transaction" ON "invoice_payments" USING btree ("connector_transaction_id") WHERE "invoice_payments"."connector_transaction_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "invoice_payments_captured_by_time" ON "invoice_payments" USING btree (coalesce("captured_at", "created_at"),"id") WHERE "invoice_payments"."received_minor" IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "statement_exceptions_missed_once" ON "statement_exceptions" USING btree ("statement_id","subject",coalesce("ref", '')) WHERE "statement_exceptions"."kind" = 'missing_there';