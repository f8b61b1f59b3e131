ALTER TABLE "payment_methods" ADD COLUMN "refused_at" timestamp with time zone;--> statement-breakpoint
-- Cards whose last charge without their holder was refused for good.
UPDATE "payment_methods" SET "refused_at" = clock_timestamp() WHERE "id" IN (
  SELECT "payment_method_id" FROM (
    SELECT DISTINCT ON ("payment_method_id") "payment_method_id", "decline_class" FROM "invoice_payments"
    WHERE "payment_method_id" IS NOT NULL AND "status" <> 'pending' ORDER BY "payment_method_id", "created_at" DESC
  ) AS "last" WHERE "decline_class" = 'final');
