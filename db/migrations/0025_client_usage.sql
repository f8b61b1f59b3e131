CREATE TABLE "client_usage" (
	"scope" text PRIMARY KEY NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"used" integer NOT NULL,
	"used_before" integer NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
-- Counts of a minute or an hour, as those of bearer_usage: nothing that a crash of PostgreSQL should have to bring back.
ALTER TABLE "client_usage" SET UNLOGGED;
