CREATE TABLE "trial_cards" (
	"fingerprint_hash" text NOT NULL,
	"user_id" uuid NOT NULL,
	CONSTRAINT "trial_cards_fingerprint_hash_user_id_pk" PRIMARY KEY("fingerprint_hash","user_id")
);
