CREATE INDEX "idempotency_keys_by_caller" ON "idempotency_keys" USING btree (split_part("scope", ':', 1));--> statement-breakpoint
CREATE INDEX "statement_exceptions_by_subject" ON "statement_exceptions" USING btree ("subject");--> statement-breakpoint
-- Where somebody called from is forgotten in the audit log too. Nothing else of it changes: the row that is written has to be
-- the one that was there, byte for byte, but for the two columns that are NULL.
CREATE FUNCTION let_forget()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
  forgotten record := OLD;
BEGIN
  forgotten.ip := NULL;
  forgotten.user_agent := NULL;
  IF NEW *= forgotten THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$function$;
--> statement-breakpoint
DROP TRIGGER audit_log_append_only ON audit_log;
--> statement-breakpoint
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER audit_log_forgets BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION let_forget();
