ALTER TABLE "refunds" ALTER COLUMN "order_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ALTER COLUMN "order_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "refunds" ADD COLUMN "invoice_id" uuid;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "invoice_id" uuid;--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_one_open_per_invoice" ON "refunds" USING btree ("invoice_id") WHERE "refunds"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "refunds_by_invoice" ON "refunds" USING btree ("invoice_id","created_at","id") WHERE "refunds"."invoice_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "disputes_by_invoice" ON "disputes" USING btree ("invoice_id") WHERE "disputes"."invoice_id" IS NOT NULL;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_of_one_purchase" CHECK (num_nonnulls("refunds"."order_id", "refunds"."invoice_id") = 1);--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_of_one_purchase" CHECK (num_nonnulls("disputes"."order_id", "disputes"."invoice_id") = 1);