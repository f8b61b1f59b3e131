DROP INDEX "export_tickets_over";--> statement-breakpoint
CREATE INDEX "export_tickets_over" ON "export_tickets" USING btree ("expires_at","token_hash");