DROP INDEX "refunds_one_open_per_invoice";--> statement-breakpoint
ALTER TABLE "refunds" ADD COLUMN "payment_id" text;--> statement-breakpoint
ALTER TABLE "refunds" ADD COLUMN "ends_access" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "payment_id" text;--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_one_open_per_payment" ON "refunds" USING btree ("payment_id") WHERE "refunds"."status" = 'pending' AND "refunds"."payment_id" IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_one_open_per_invoice" ON "refunds" USING btree ("invoice_id") WHERE "refunds"."status" = 'pending' AND "refunds"."payment_id" IS NULL;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_other_payment_of_invoice" CHECK ("refunds"."payment_id" IS NULL OR "refunds"."invoice_id" IS NOT NULL);--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_other_payment_of_invoice" CHECK ("disputes"."payment_id" IS NULL OR "disputes"."invoice_id" IS NOT NULL);