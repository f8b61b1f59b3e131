DROP INDEX "webhook_events_with_body_by_time";--> statement-breakpoint
ALTER TABLE "webhook_events" ADD COLUMN "body_masked_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "audit_log_to_forget" ON "audit_log" USING btree ("at","id") WHERE "audit_log"."ip" IS NOT NULL OR "audit_log"."user_agent" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "sessions_to_forget" ON "sessions" USING btree ("created_at","id") WHERE "sessions"."ip" IS NOT NULL OR "sessions"."user_agent" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "webhook_events_to_mask" ON "webhook_events" USING btree ("processed_at","id") WHERE "webhook_events"."processed_at" IS NOT NULL AND "webhook_events"."body" IS NOT NULL AND "webhook_events"."body_masked_at" IS NULL;