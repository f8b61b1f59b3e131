ALTER TABLE "refunds" ADD COLUMN "asked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "refunds" ADD COLUMN "exists_by" text;--> statement-breakpoint
ALTER TABLE "refunds" ADD COLUMN "given_up_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_exists_by_known" CHECK ("refunds"."exists_by" IN ('HE_01', 'IR_13'));--> statement-breakpoint
-- What is open without the PSP's id may have been asked for a moment ago: until now nobody wrote that down.
UPDATE "refunds" SET "asked_at" = now() WHERE "status" = 'pending' AND "hyperswitch_refund_id" IS NULL;
