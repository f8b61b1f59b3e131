-- Nobody writes what is about to be moved.
LOCK TABLE "users", "seller_onboardings" IN ACCESS EXCLUSIVE MODE;--> statement-breakpoint
CREATE TABLE "seller_accounts" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"stripe_account_id" text,
	"transfers_enabled" boolean,
	"payouts_enabled" boolean,
	"country" text,
	"idempotency_key" text,
	"asked_at" timestamp with time zone,
	"link_url" text,
	"link_expires_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "seller_accounts_asked_whole" CHECK ("seller_accounts"."asked_at" IS NULL OR "seller_accounts"."idempotency_key" IS NOT NULL),
	CONSTRAINT "seller_accounts_country_iso" CHECK ("seller_accounts"."country" ~ '^[A-Z]{2}$')
);
--> statement-breakpoint
ALTER TABLE "seller_accounts" ADD CONSTRAINT "seller_accounts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "seller_accounts_stripe_account_key" ON "seller_accounts" USING btree ("stripe_account_id");--> statement-breakpoint
-- Whoever has an account, and whoever is getting one. One that was never asked for here is no older than its user.
INSERT INTO "seller_accounts" ("user_id", "stripe_account_id", "transfers_enabled", "payouts_enabled", "country",
  "idempotency_key", "asked_at", "link_url", "link_expires_at", "created_at")
SELECT seller."id", seller."stripe_account_id", seller."stripe_transfers_enabled", seller."stripe_payouts_enabled", made."country",
  made."idempotency_key", made."asked_at", made."link_url", made."link_expires_at", coalesce(made."created_at", seller."created_at")
FROM "users" AS seller LEFT JOIN "seller_onboardings" AS made ON made."user_id" = seller."id"
WHERE made."user_id" IS NOT NULL OR seller."stripe_account_id" IS NOT NULL
  OR seller."stripe_transfers_enabled" IS NOT NULL OR seller."stripe_payouts_enabled" IS NOT NULL;--> statement-breakpoint
DROP TABLE "seller_onboardings";--> statement-breakpoint
DROP INDEX "users_stripe_account_key";--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "stripe_account_id";--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "stripe_transfers_enabled";--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "stripe_payouts_enabled";
