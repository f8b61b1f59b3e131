ALTER TABLE "oauth_states" ADD COLUMN "session_id" uuid;--> statement-breakpoint
CREATE INDEX "oauth_states_by_user" ON "oauth_states" USING btree ("user_id");