CREATE TABLE "approvals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"params" jsonb,
	"seen" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"reason" text NOT NULL,
	"requested_by" text NOT NULL,
	"requested_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"decided_by" text,
	"decided_at" timestamp with time zone,
	"note" text,
	"work" jsonb,
	"told_at" timestamp with time zone,
	CONSTRAINT "approvals_status_known" CHECK ("approvals"."status" IN ('pending', 'approved', 'rejected', 'expired')),
	CONSTRAINT "approvals_amount_sane" CHECK ("approvals"."amount_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "approvals_currency_iso" CHECK ("approvals"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "approvals_by_another" CHECK ("approvals"."status" <> 'approved' OR ("approvals"."decided_by" IS NOT NULL AND "approvals"."decided_by" <> "approvals"."requested_by"))
);
--> statement-breakpoint
ALTER TABLE "webhook_events" ADD COLUMN "about" text;--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_one_pending" ON "approvals" USING btree ("action","subject") WHERE "approvals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_newest" ON "approvals" USING btree ("requested_at","id");--> statement-breakpoint
CREATE INDEX "approvals_by_subject" ON "approvals" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "approvals_untold" ON "approvals" USING btree ("decided_at") WHERE "approvals"."status" = 'approved' AND "approvals"."told_at" IS NULL;--> statement-breakpoint
CREATE INDEX "seller_transfers_gave_up" ON "seller_transfers" USING btree ("created_at","id") WHERE "seller_transfers"."status" = 'permanently_failed' AND "seller_transfers"."completed_at" IS NULL AND "seller_transfers"."amount_minor" > 0;--> statement-breakpoint
CREATE INDEX "seller_transfers_by_order" ON "seller_transfers" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "transfer_reversals_gave_up" ON "transfer_reversals" USING btree ("created_at","id") WHERE "transfer_reversals"."status" = 'permanently_failed';--> statement-breakpoint
CREATE INDEX "transfer_reversals_by_transfer" ON "transfer_reversals" USING btree ("transfer_id");--> statement-breakpoint
CREATE INDEX "ops_flags_by_subject" ON "ops_flags" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "webhook_events_by_about" ON "webhook_events" USING btree ("about");