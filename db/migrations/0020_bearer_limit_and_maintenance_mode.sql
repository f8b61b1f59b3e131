CREATE TABLE "bearer_usage" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"used" integer NOT NULL,
	"used_before" integer NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL
);

--> statement-breakpoint
-- Counts of a minute: nothing that a crash of PostgreSQL should have to bring back, and no write-ahead log a call.
ALTER TABLE "bearer_usage" SET UNLOGGED;--> statement-breakpoint
UPDATE "platform_settings" SET "key" = 'maintenance_mode' WHERE "key" = 'maintenance';--> statement-breakpoint
INSERT INTO "platform_settings" ("key", "value_bool") VALUES ('maintenance_mode', false) ON CONFLICT DO NOTHING;
