CREATE TABLE "provider_statements" (
	"id" uuid PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"layout" text NOT NULL,
	"file_hash" text NOT NULL,
	"file_name" text NOT NULL,
	"covers" jsonb NOT NULL,
	"rows_read" integer DEFAULT 0 NOT NULL,
	"period_from" timestamp with time zone,
	"period_to" timestamp with time zone,
	"ignored" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"loaded_at" timestamp with time zone,
	"matched_through" integer DEFAULT 0 NOT NULL,
	"matched" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"missing_known_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "provider_statements_provider_known" CHECK ("provider_statements"."provider" IN ('hyperswitch', 'stripe')),
	CONSTRAINT "provider_statements_matched_within" CHECK ("provider_statements"."matched_through" BETWEEN 0 AND "provider_statements"."rows_read")
);
--> statement-breakpoint
CREATE TABLE "statement_claims" (
	"statement_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"row_number" integer NOT NULL,
	CONSTRAINT "statement_claims_statement_id_kind_subject_id_pk" PRIMARY KEY("statement_id","kind","subject_id")
);
--> statement-breakpoint
CREATE TABLE "statement_exceptions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "statement_exceptions_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"statement_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"row_kind" text,
	"subject" text,
	"line" integer,
	"column" text,
	"ref" text,
	"theirs_minor" bigint,
	"theirs_currency" text,
	"ours_minor" bigint,
	"ours_currency" text,
	"moved_at" timestamp with time zone,
	"detail" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp with time zone,
	"resolved_by" text,
	"resolution" text,
	CONSTRAINT "statement_exceptions_kind_known" CHECK ("statement_exceptions"."kind" IN ('amount_differs', 'missing_here', 'missing_there', 'claimed_twice', 'bad_row')),
	CONSTRAINT "statement_exceptions_row_kind_known" CHECK ("statement_exceptions"."row_kind" IN ('payment', 'refund', 'transfer', 'reversal', 'payout', 'refund_return', 'payout_return')),
	CONSTRAINT "statement_exceptions_resolved_whole" CHECK (("statement_exceptions"."resolved_at" IS NULL) = ("statement_exceptions"."resolved_by" IS NULL) AND ("statement_exceptions"."resolved_at" IS NULL) = ("statement_exceptions"."resolution" IS NULL))
);
--> statement-breakpoint
CREATE TABLE "statement_rows" (
	"statement_id" uuid NOT NULL,
	"row_number" integer NOT NULL,
	"line" integer NOT NULL,
	"kind" text NOT NULL,
	"ref" text NOT NULL,
	"alt_ref" text,
	"our_ref" text,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "statement_rows_statement_id_row_number_pk" PRIMARY KEY("statement_id","row_number"),
	CONSTRAINT "statement_rows_kind_known" CHECK ("statement_rows"."kind" IN ('payment', 'refund', 'transfer', 'reversal', 'payout', 'refund_return', 'payout_return'))
);
--> statement-breakpoint
ALTER TABLE "statement_exceptions" ADD CONSTRAINT "statement_exceptions_statement_id_provider_statements_id_fk" FOREIGN KEY ("statement_id") REFERENCES "public"."provider_statements"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "provider_statements_file_key" ON "provider_statements" USING btree ("file_hash","layout");--> statement-breakpoint
CREATE INDEX "provider_statements_newest" ON "provider_statements" USING btree ("created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "statement_exceptions_position_key" ON "statement_exceptions" USING btree ("position");--> statement-breakpoint
CREATE INDEX "statement_exceptions_by_statement" ON "statement_exceptions" USING btree ("statement_id","position");--> statement-breakpoint
CREATE INDEX "statement_exceptions_open" ON "statement_exceptions" USING btree ("statement_id","position") WHERE "statement_exceptions"."resolved_at" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "statement_exceptions_missed_once" ON "statement_exceptions" USING btree ("statement_id","subject") WHERE "statement_exceptions"."kind" = 'missing_there';--> statement-breakpoint
CREATE INDEX "orders_by_connector_transaction" ON "orders" USING btree ("connector_transaction_id") WHERE "orders"."connector_transaction_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "orders_captured_by_time" ON "orders" USING btree (coalesce("completed_at", "created_at"),"id") WHERE "orders"."captured_minor" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "refunds_succeeded_by_time" ON "refunds" USING btree ("succeeded_at","id") WHERE "refunds"."succeeded_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "seller_transfers_completed_by_time" ON "seller_transfers" USING btree ("completed_at","id") WHERE "seller_transfers"."completed_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "transfer_reversals_reversed_by_time" ON "transfer_reversals" USING btree ("ended_at","id") WHERE "transfer_reversals"."status" = 'reversed';--> statement-breakpoint
CREATE INDEX "seller_payouts_paid_by_time" ON "seller_payouts" USING btree ("paid_at","id") WHERE "seller_payouts"."paid_at" IS NOT NULL;