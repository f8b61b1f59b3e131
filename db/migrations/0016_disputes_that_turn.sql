CREATE TABLE "dispute_words" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dispute_words_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"dispute_id" uuid NOT NULL,
	"said" text NOT NULL,
	"stage" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"said_at" timestamp with time zone,
	"at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "dispute_words_said_known" CHECK ("dispute_words"."said" IN ('open', 'won', 'lost', 'cancelled')),
	CONSTRAINT "dispute_words_stage_known" CHECK ("dispute_words"."stage" IN ('pre_dispute', 'dispute', 'pre_arbitration', 'arbitration', 'dispute_reversal')),
	CONSTRAINT "dispute_words_amount_sane" CHECK ("dispute_words"."amount_minor" BETWEEN 0 AND 9007199254740991)
);
--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "currency" text;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "stage" text DEFAULT 'dispute' NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "said_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "unbooked_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "unbooked_why" text;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "reconcile_checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "refunds" ADD COLUMN "dispute_id" uuid;--> statement-breakpoint
ALTER TABLE "dispute_words" ADD CONSTRAINT "dispute_words_dispute_id_disputes_id_fk" FOREIGN KEY ("dispute_id") REFERENCES "public"."disputes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dispute_words_by_dispute" ON "dispute_words" USING btree ("dispute_id","id");--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_dispute_id_disputes_id_fk" FOREIGN KEY ("dispute_id") REFERENCES "public"."disputes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "disputes_unbooked_by_look" ON "disputes" USING btree ("reconcile_checked_at" NULLS FIRST,"opened_at") WHERE "disputes"."unbooked_since" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "refunds_by_dispute" ON "refunds" USING btree ("dispute_id") WHERE "refunds"."dispute_id" IS NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_stage_known" CHECK ("disputes"."stage" IN ('pre_dispute', 'dispute', 'pre_arbitration', 'arbitration', 'dispute_reversal'));--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_currency_iso" CHECK ("disputes"."currency" ~ '^[A-Z]{3}$');--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_unbooked_has_why" CHECK (("disputes"."unbooked_since" IS NULL) = ("disputes"."unbooked_why" IS NULL));--> statement-breakpoint
-- Disputes from before: each has ended once at most, and a lost one has one refund of the same moment and its amount.
UPDATE "disputes" SET "currency" = coalesce("orders"."captured_currency", "orders"."currency")
FROM "orders" WHERE "orders"."id" = "disputes"."order_id";--> statement-breakpoint
ALTER TABLE "disputes" ALTER COLUMN "currency" SET NOT NULL;--> statement-breakpoint
UPDATE "refunds" SET "dispute_id" = nearest."dispute_id"
FROM (
  SELECT DISTINCT ON (took."id") took."id" AS "refund_id", lost."id" AS "dispute_id"
  FROM "refunds" AS took JOIN "disputes" AS lost ON lost."order_id" = took."order_id" AND lost."status" = 'lost'
  WHERE took."kind" = 'dispute'
  ORDER BY took."id", abs(extract(epoch FROM lost."closed_at" - took."succeeded_at")), lost."id"
) AS nearest
WHERE "refunds"."id" = nearest."refund_id";--> statement-breakpoint
UPDATE "disputes" SET "amount_minor" = took."minor", "currency" = took."currency"
FROM (
  SELECT "dispute_id", "currency", sum("amount_minor") AS "minor" FROM "refunds"
  WHERE "dispute_id" IS NOT NULL GROUP BY "dispute_id", "currency"
) AS took
WHERE took."dispute_id" = "disputes"."id";--> statement-breakpoint
-- What had to be left to a person then is still theirs: the flag says why.
UPDATE "disputes" SET "unbooked_since" = now(), "unbooked_why" = 'not_our_money'
WHERE "status" = 'lost' AND "amount_minor" > 0
  AND NOT EXISTS (SELECT 1 FROM "refunds" WHERE "refunds"."dispute_id" = "disputes"."id");--> statement-breakpoint
INSERT INTO "dispute_words" ("dispute_id", "said", "stage", "amount_minor", "at")
SELECT "id", "status", "stage", "amount_minor", "at" FROM (
  SELECT "id", 'open' AS "status", "stage", "amount_minor", "opened_at" AS "at", 1 AS place FROM "disputes"
  UNION ALL
  SELECT "id", "status", "stage", "amount_minor", "closed_at", 2 FROM "disputes" WHERE "closed_at" IS NOT NULL
) AS told
ORDER BY "at", place;--> statement-breakpoint
CREATE TRIGGER dispute_words_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "dispute_words"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
