ALTER TABLE "platform_settings" DROP CONSTRAINT "platform_settings_key_known";--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "registered_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "tokens_removed_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "bearer_usage_by_minute" ON "bearer_usage" USING btree ("minute","user_id");--> statement-breakpoint
CREATE INDEX "mails_by_user" ON "mails" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "users_unconfirmed" ON "users" USING btree ("registered_at","id") WHERE "users"."registered_at" IS NOT NULL AND NOT "users"."is_verified" AND "users"."status" = 'active';--> statement-breakpoint
CREATE INDEX "refresh_tokens_by_successor" ON "refresh_tokens" USING btree ("successor_id") WHERE "refresh_tokens"."successor_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "sessions_by_end" ON "sessions" USING btree (least("ended_at", "expires_at"),"id");--> statement-breakpoint
CREATE INDEX "sessions_with_tokens" ON "sessions" USING btree (least("ended_at", "expires_at"),"id") WHERE "sessions"."kind" = 'token' AND "sessions"."tokens_removed_at" IS NULL;--> statement-breakpoint
CREATE INDEX "account_tokens_by_user" ON "account_tokens" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "account_tokens_by_expiry" ON "account_tokens" USING btree ("expires_at","id");--> statement-breakpoint
CREATE INDEX "auth_failures_by_time" ON "auth_failures" USING btree ("since","scope");--> statement-breakpoint
CREATE INDEX "two_factor_challenges_by_expiry" ON "two_factor_challenges" USING btree ("expires_at","id");--> statement-breakpoint
CREATE INDEX "client_usage_by_window" ON "client_usage" USING btree ("since","scope");--> statement-breakpoint
CREATE INDEX "products_of_seller" ON "products" USING btree ("seller_id");--> statement-breakpoint
CREATE INDEX "refunds_by_requester" ON "refunds" USING btree ("requested_by") WHERE "refunds"."requested_by" IS NOT NULL;--> statement-breakpoint
ALTER TABLE "platform_settings" ADD CONSTRAINT "platform_settings_key_known" CHECK ("platform_settings"."key" IN ('maintenance_mode', 'temporal_namespace_id', 'last_sweep_at', 'last_upkeep_at', 'disputes_listed_at', 'stripe_mode'));--> statement-breakpoint
-- Whoever registered before: the row and its entry in the audit log are of one transaction. An imported row that registered
-- anew has a later entry alone, and stays as one that did not register here.
UPDATE "users" SET "registered_at" = (
    SELECT max("at") FROM "audit_log" WHERE "subject" = 'account/' || "users"."id" AND "action" = 'user.register'
  )
  WHERE NOT "is_verified" AND EXISTS (
    SELECT FROM "audit_log" WHERE "subject" = 'account/' || "users"."id" AND "action" = 'user.register'
      AND "at" = "users"."created_at" AND "actor" = "users"."id"::text AND NOT coalesce("after" ? 'role', false)
  );
