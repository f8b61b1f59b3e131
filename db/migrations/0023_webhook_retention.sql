ALTER TABLE "webhook_events" DROP CONSTRAINT "webhook_events_outcome_known";--> statement-breakpoint
ALTER TABLE "webhook_events" ALTER COLUMN "body" DROP NOT NULL;--> statement-breakpoint
CREATE INDEX "webhook_events_with_body_by_time" ON "webhook_events" USING btree ("processed_at") WHERE "webhook_events"."body" IS NOT NULL AND "webhook_events"."processed_at" IS NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_events" ADD CONSTRAINT "webhook_events_outcome_known" CHECK ("webhook_events"."outcome" IN ('received', 'signalled', 'ignored', 'unmatched', 'unhandled', 'other_mode'));