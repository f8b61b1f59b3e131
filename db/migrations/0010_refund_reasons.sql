-- What buyers type goes past the engine, whose histories must not tell it.
CREATE TABLE "refund_reasons" (
	"refund_id" uuid PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
