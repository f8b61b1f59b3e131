ALTER TABLE "invoices" ADD COLUMN "issuer" text;--> statement-breakpoint
-- Invoices that were paid before have the issuer by INVOICE_ISSUER's default: their documents stay the same from now on.
UPDATE "invoices" SET "issuer" = 'Veza' WHERE "number" IS NOT NULL;
