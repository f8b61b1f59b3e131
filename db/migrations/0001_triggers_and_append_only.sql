-- Written by hand: what drizzle does not know of.

-- What the books and the audit log have said stands: a mistake is corrected by another entry.
CREATE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$function$;
--> statement-breakpoint
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER ledger_entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER refund_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON refund_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER dispute_words_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON dispute_words FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- The stages of a refund, as its buyer and seller follow them. A trigger, so that no verb can forget one.
CREATE FUNCTION record_refund_event()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
    INSERT INTO refund_events (refund_id, stage) VALUES (NEW.id, NEW.status);
  END IF;
  IF NEW.status = 'pending' AND NEW.hyperswitch_refund_id IS NOT NULL
     AND (TG_OP = 'INSERT' OR OLD.hyperswitch_refund_id IS NULL) THEN
    INSERT INTO refund_events (refund_id, stage) VALUES (NEW.id, 'accepted');
  END IF;
  RETURN NULL;
END
$function$;
--> statement-breakpoint
CREATE TRIGGER refunds_record_events AFTER INSERT OR UPDATE OF status, hyperswitch_refund_id ON refunds FOR EACH ROW EXECUTE FUNCTION record_refund_event();
--> statement-breakpoint
-- Whose account it is: of a seller's own accounts, and of the cash at their Stripe account.
CREATE FUNCTION seller_of(account text)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE
AS $function$
  SELECT CASE
    WHEN account ~ '^seller:[0-9a-f]{8}-[0-9a-f-]{27}:' THEN split_part(account, ':', 2)::uuid
    WHEN account ~ '^cash:connected:[0-9a-f]{8}-[0-9a-f-]{27}$' THEN split_part(account, ':', 3)::uuid
  END
$function$;
--> statement-breakpoint
-- A seller's statement reads a page of what was posted, with the balances after each, whatever the ledger's size.
CREATE FUNCTION keep_seller_postings()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;
--> statement-breakpoint
CREATE TRIGGER ledger_entries_kept_for_sellers AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION keep_seller_postings();
--> statement-breakpoint
-- Counts of a minute: nothing that a crash of PostgreSQL should have to bring back, and no write-ahead log a call.
ALTER TABLE "bearer_usage" SET UNLOGGED;
--> statement-breakpoint
-- A switch that people look for is there before anybody has thrown it.
INSERT INTO "platform_settings" ("key", "value_bool") VALUES ('maintenance_mode', false);
