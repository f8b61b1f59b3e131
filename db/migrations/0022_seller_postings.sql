CREATE TABLE "account_link_asks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"return_url" text NOT NULL,
	"refresh_url" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "seller_postings" (
	"seller_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"first_entry_id" bigint NOT NULL,
	"transaction_id" uuid NOT NULL,
	"pending_change" bigint DEFAULT 0 NOT NULL,
	"available_change" bigint DEFAULT 0 NOT NULL,
	"paying_out_change" bigint DEFAULT 0 NOT NULL,
	"owed_change" bigint DEFAULT 0 NOT NULL,
	"fees_owed_change" bigint DEFAULT 0 NOT NULL,
	"connected_change" bigint DEFAULT 0 NOT NULL,
	"pending_minor" bigint DEFAULT 0 NOT NULL,
	"available_minor" bigint DEFAULT 0 NOT NULL,
	"paying_out_minor" bigint DEFAULT 0 NOT NULL,
	"owed_minor" bigint DEFAULT 0 NOT NULL,
	"fees_owed_minor" bigint DEFAULT 0 NOT NULL,
	"connected_minor" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "seller_postings_seller_id_created_at_first_entry_id_pk" PRIMARY KEY("seller_id","created_at","first_entry_id")
);
--> statement-breakpoint
ALTER TABLE "account_link_asks" ADD CONSTRAINT "account_link_asks_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_link_asks_by_user" ON "account_link_asks" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "seller_postings_by_currency" ON "seller_postings" USING btree ("seller_id","currency","created_at","first_entry_id");--> statement-breakpoint
CREATE INDEX "seller_postings_by_transaction" ON "seller_postings" USING btree ("transaction_id","seller_id");--> statement-breakpoint
-- Whose the account is; NULL for those of the platform and the PSP.
CREATE FUNCTION seller_of(account text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN account ~ '^seller:[0-9a-f]{8}-[0-9a-f-]{27}:' THEN split_part(account, ':', 2)::uuid
    WHEN account ~ '^cash:connected:[0-9a-f]{8}-[0-9a-f-]{27}$' THEN split_part(account, ':', 3)::uuid
  END
$$;--> statement-breakpoint
-- Keeps what a posting changed of each seller, and the balances after it. Serialised by the lock on the seller's balance,
-- which whoever posts holds already; taken here too, in the same order, for whoever writes the ledger by hand.
CREATE FUNCTION keep_seller_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched record;
BEGIN
  IF NOT EXISTS (SELECT FROM entered WHERE seller_of(account) IS NOT NULL) THEN
    RETURN NULL;
  END IF;
  PERFORM FROM seller_balances AS b
  WHERE (b.seller_id, b.currency) IN (SELECT seller_of(account), currency FROM entered)
  ORDER BY b.seller_id, b.currency FOR NO KEY UPDATE;

  INSERT INTO seller_postings (seller_id, currency, created_at, first_entry_id, transaction_id,
    pending_change, available_change, paying_out_change, owed_change, fees_owed_change, connected_change,
    pending_minor, available_minor, paying_out_minor, owed_minor, fees_owed_minor, connected_minor)
  SELECT news.*,
    (coalesce(before.pending_minor, 0) + sum(news.pending_change) OVER so_far)::bigint,
    (coalesce(before.available_minor, 0) + sum(news.available_change) OVER so_far)::bigint,
    (coalesce(before.paying_out_minor, 0) + sum(news.paying_out_change) OVER so_far)::bigint,
    (coalesce(before.owed_minor, 0) + sum(news.owed_change) OVER so_far)::bigint,
    (coalesce(before.fees_owed_minor, 0) + sum(news.fees_owed_change) OVER so_far)::bigint,
    (coalesce(before.connected_minor, 0) + sum(news.connected_change) OVER so_far)::bigint
  FROM (
    SELECT seller_of(account) AS seller_id, currency, created_at, min(id) AS first_entry_id, transaction_id,
      coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:pending'), 0)::bigint AS pending_change,
      coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:available'), 0)::bigint AS available_change,
      coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:paying_out'), 0)::bigint AS paying_out_change,
      coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:owed'), 0)::bigint AS owed_change,
      coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:fees_owed'), 0)::bigint AS fees_owed_change,
      coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'cash:connected:%'), 0)::bigint AS connected_change
    FROM entered WHERE seller_of(account) IS NOT NULL
    GROUP BY seller_of(account), currency, created_at, transaction_id
  ) AS news
  LEFT JOIN LATERAL (
    SELECT * FROM seller_postings AS p
    WHERE p.seller_id = news.seller_id AND p.currency = news.currency
      AND (p.created_at, p.first_entry_id) < (news.created_at, news.first_entry_id)
    ORDER BY p.created_at DESC, p.first_entry_id DESC LIMIT 1
  ) AS before ON true
  WINDOW so_far AS (PARTITION BY news.seller_id, news.currency ORDER BY news.created_at, news.first_entry_id);

  -- Entries have the time at which their transaction began: one that waited for the lock stands before what was posted
  -- meanwhile, which moves by it.
  FOR touched IN
    SELECT seller_of(account) AS seller_id, currency, min(created_at) AS since, count(DISTINCT transaction_id) AS postings
    FROM entered WHERE seller_of(account) IS NOT NULL GROUP BY seller_of(account), currency
  LOOP
    CONTINUE WHEN touched.postings = (
      SELECT count(*) FROM seller_postings AS later
      WHERE later.seller_id = touched.seller_id AND later.currency = touched.currency AND later.created_at >= touched.since);
    UPDATE seller_postings AS p SET
      pending_minor = p.pending_minor + moved.pending,
      available_minor = p.available_minor + moved.available,
      paying_out_minor = p.paying_out_minor + moved.paying_out,
      owed_minor = p.owed_minor + moved.owed,
      fees_owed_minor = p.fees_owed_minor + moved.fees_owed,
      connected_minor = p.connected_minor + moved.connected
    FROM (
      SELECT created_at, first_entry_id, is_fresh,
        (sum(pending_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS pending,
        (sum(available_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS available,
        (sum(paying_out_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS paying_out,
        (sum(owed_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS owed,
        (sum(fees_owed_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS fees_owed,
        (sum(connected_change) FILTER (WHERE is_fresh) OVER so_far)::bigint AS connected
      FROM (
        SELECT later.*, later.first_entry_id IN (SELECT id FROM entered) AS is_fresh
        FROM seller_postings AS later
        WHERE later.seller_id = touched.seller_id AND later.currency = touched.currency AND later.created_at >= touched.since
      ) AS along
      WINDOW so_far AS (ORDER BY created_at, first_entry_id)
    ) AS moved
    WHERE NOT moved.is_fresh AND moved.pending IS NOT NULL AND p.seller_id = touched.seller_id
      AND p.created_at = moved.created_at AND p.first_entry_id = moved.first_entry_id;
  END LOOP;
  RETURN NULL;
END
$$;--> statement-breakpoint
-- Nobody posts between the reading of what is there and the first posting that keeps itself.
LOCK TABLE "ledger_entries" IN SHARE ROW EXCLUSIVE MODE;--> statement-breakpoint
INSERT INTO seller_postings (seller_id, currency, created_at, first_entry_id, transaction_id,
  pending_change, available_change, paying_out_change, owed_change, fees_owed_change, connected_change,
  pending_minor, available_minor, paying_out_minor, owed_minor, fees_owed_minor, connected_minor)
SELECT news.*,
  (sum(news.pending_change) OVER so_far)::bigint,
  (sum(news.available_change) OVER so_far)::bigint,
  (sum(news.paying_out_change) OVER so_far)::bigint,
  (sum(news.owed_change) OVER so_far)::bigint,
  (sum(news.fees_owed_change) OVER so_far)::bigint,
  (sum(news.connected_change) OVER so_far)::bigint
FROM (
  SELECT seller_of(account) AS seller_id, currency, created_at, min(id) AS first_entry_id, transaction_id,
    coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:pending'), 0)::bigint AS pending_change,
    coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:available'), 0)::bigint AS available_change,
    coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:paying_out'), 0)::bigint AS paying_out_change,
    coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:owed'), 0)::bigint AS owed_change,
    coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'seller:%:fees_owed'), 0)::bigint AS fees_owed_change,
    coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'cash:connected:%'), 0)::bigint AS connected_change
  FROM ledger_entries WHERE seller_of(account) IS NOT NULL
  GROUP BY seller_of(account), currency, created_at, transaction_id
) AS news
WINDOW so_far AS (PARTITION BY news.seller_id, news.currency ORDER BY news.created_at, news.first_entry_id);--> statement-breakpoint
CREATE TRIGGER ledger_entries_kept_for_sellers AFTER INSERT ON "ledger_entries"
  REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION keep_seller_postings();
