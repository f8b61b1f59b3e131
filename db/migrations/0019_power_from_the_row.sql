CREATE TABLE "decisions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "decisions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "decisions_amount_sane" CHECK ("decisions"."amount_minor" BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "decisions_currency_iso" CHECK ("decisions"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
ALTER TABLE "approvals" ALTER COLUMN "amount_minor" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "approvals" ALTER COLUMN "currency" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "made_by" uuid;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "made_by_key" uuid;--> statement-breakpoint
-- Who made a key, and with which, the audit log has known from the first one on.
UPDATE api_keys SET made_by = CASE WHEN line.actor ~ '^[0-9a-f-]{36}$' THEN line.actor::uuid END, made_by_key = line.api_key_id
FROM audit_log AS line
WHERE line.action = 'api_key.create' AND line.subject = 'api_key/' || api_keys.id;--> statement-breakpoint
UPDATE api_keys SET made_by = user_id WHERE made_by IS NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ALTER COLUMN "made_by" SET NOT NULL;--> statement-breakpoint
-- Keys that have outlived the one that they were made with end now, and the others no later than it.
WITH RECURSIVE heir AS (
  SELECT id, revoked_at, expires_at FROM api_keys WHERE made_by_key IS NULL
  UNION ALL
  SELECT api_keys.id, coalesce(api_keys.revoked_at, heir.revoked_at), least(api_keys.expires_at, heir.expires_at)
  FROM api_keys JOIN heir ON api_keys.made_by_key = heir.id
), ended AS (
  UPDATE api_keys SET revoked_at = CASE WHEN heir.revoked_at IS NULL THEN NULL ELSE coalesce(api_keys.revoked_at, now()) END, expires_at = heir.expires_at
  FROM heir WHERE heir.id = api_keys.id AND api_keys.made_by_key IS NOT NULL
  RETURNING api_keys.id, api_keys.revoked_at
)
INSERT INTO audit_log (actor, action, subject, after, reason)
SELECT 'system', 'api_key.revoke', 'api_key/' || id, jsonb_build_object('revokedAt', revoked_at), 'the key that it was made with was revoked before'
FROM ended WHERE revoked_at = now();--> statement-breakpoint
CREATE INDEX "decisions_by_actor" ON "decisions" USING btree ("actor","at");--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_made_by_key_api_keys_id_fk" FOREIGN KEY ("made_by_key") REFERENCES "public"."api_keys"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_by_maker" ON "api_keys" USING btree ("made_by_key");--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_money_whole" CHECK (("approvals"."amount_minor" IS NULL) = ("approvals"."currency" IS NULL));