-- A small shop as the first release's migrations (0000 and 0001) keep it. The books agree: the audit finds nothing.
INSERT INTO users (id, email, role, is_verified, stripe_account_id, stripe_transfers_enabled, stripe_payouts_enabled) VALUES
  ('00000000-0000-7000-8000-000000000001', 'buyer@veza.test', 'user', true, NULL, NULL, NULL),
  ('00000000-0000-7000-8000-000000000002', 'seller@veza.test', 'creator', true, 'acct_whole', true, false),
  ('00000000-0000-7000-8000-000000000003', 'untold@veza.test', 'creator', true, 'acct_untold', NULL, NULL),
  ('00000000-0000-7000-8000-000000000004', 'asking@veza.test', 'creator', true, NULL, NULL, NULL);
INSERT INTO seller_onboardings (user_id, country, idempotency_key, asked_at) VALUES
  ('00000000-0000-7000-8000-000000000004', 'FR', 'account:00000000-0000-7000-8000-000000000004:1', now());
INSERT INTO products (id, seller_id, title, price_minor, currency) VALUES
  ('00000000-0000-7000-8000-000000000011', '00000000-0000-7000-8000-000000000002', 'A track', 1000, 'EUR');
INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, refunded_minor, currency, status, payment_id, completed_at) VALUES
  ('00000000-0000-7000-8000-000000000021', '00000000-0000-7000-8000-000000000001', 1000, 1000, 'EUR', 400, 'EUR', 'partially_refunded', 'pay_1', now());
INSERT INTO order_items (id, order_id, position, product_id, seller_id, amount_minor, platform_fee_minor) VALUES
  ('00000000-0000-7000-8000-000000000022', '00000000-0000-7000-8000-000000000021', 0, '00000000-0000-7000-8000-000000000011',
   '00000000-0000-7000-8000-000000000002', 1000, 100);
INSERT INTO licenses (id, order_item_id, buyer_id, product_id) VALUES
  ('00000000-0000-7000-8000-000000000023', '00000000-0000-7000-8000-000000000022', '00000000-0000-7000-8000-000000000001',
   '00000000-0000-7000-8000-000000000011');
INSERT INTO refunds (id, order_id, amount_minor, currency, status, hyperswitch_refund_id, succeeded_at) VALUES
  ('00000000-0000-7000-8000-000000000031', '00000000-0000-7000-8000-000000000021', 200, 'EUR', 'succeeded', 'ref_1', now()),
  ('00000000-0000-7000-8000-000000000032', '00000000-0000-7000-8000-000000000021', 200, 'EUR', 'succeeded', 'ref_2', now());
INSERT INTO refund_allocations (refund_id, order_item_id, seller_minor, fee_minor, seller_source) VALUES
  ('00000000-0000-7000-8000-000000000031', '00000000-0000-7000-8000-000000000022', 180, 20, 'available'),
  ('00000000-0000-7000-8000-000000000032', '00000000-0000-7000-8000-000000000022', 180, 20, 'available');
INSERT INTO seller_transfers (id, order_id, seller_id, stripe_account_id, amount_minor, reversed_minor, currency, status, stripe_transfer_id, waiting_for, completed_at) VALUES
  ('00000000-0000-7000-8000-000000000041', '00000000-0000-7000-8000-000000000021', '00000000-0000-7000-8000-000000000002',
   'acct_whole', 900, 180, 'EUR', 'permanently_failed', 'tr_1', NULL, now());
-- The first refund's share was given up, tried again, and taken back; the second one's was written off.
INSERT INTO transfer_reversals (id, transfer_id, refund_id, amount_minor, status, stripe_reversal_id, retry_of, ended_at) VALUES
  ('00000000-0000-7000-8000-000000000051', '00000000-0000-7000-8000-000000000041', '00000000-0000-7000-8000-000000000031', 180, 'permanently_failed', NULL, NULL, now()),
  ('00000000-0000-7000-8000-000000000052', '00000000-0000-7000-8000-000000000041', '00000000-0000-7000-8000-000000000031', 180, 'reversed', 'trr_1',
   '00000000-0000-7000-8000-000000000051', now()),
  ('00000000-0000-7000-8000-000000000053', '00000000-0000-7000-8000-000000000041', '00000000-0000-7000-8000-000000000032', 180, 'written_off', NULL, NULL, now());
INSERT INTO seller_payouts (id, seller_id, amount_minor, currency, status, external_payout_id, paid_at) VALUES
  ('00000000-0000-7000-8000-000000000061', '00000000-0000-7000-8000-000000000002', 100, 'EUR', 'paid', 'po_1', now());
INSERT INTO seller_balances (seller_id, currency, available_minor) VALUES ('00000000-0000-7000-8000-000000000002', 'EUR', 440);
INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, order_id, refund_id, transfer_id, payout_id, created_at)
SELECT ('00000000-0000-7000-8000-0000000000a' || posting)::uuid, replace(account, 'S', '00000000-0000-7000-8000-000000000002'),
  minor, 'EUR', kind, CASE WHEN posting < 7 THEN '00000000-0000-7000-8000-000000000021'::uuid END,
  ('00000000-0000-7000-8000-0000000000' || refund)::uuid, ('00000000-0000-7000-8000-0000000000' || transfer)::uuid,
  ('00000000-0000-7000-8000-0000000000' || payout)::uuid, '2026-01-01'::timestamptz + posting * interval '1 day'
FROM (VALUES
  (1, 'order_completed', NULL, NULL, NULL, 'cash:psp', 1000),
  (1, 'order_completed', NULL, NULL, NULL, 'seller:S:pending', -900),
  (1, 'order_completed', NULL, NULL, NULL, 'platform:revenue', -100),
  (2, 'transfer_completed', NULL, '41', NULL, 'cash:psp', -900),
  (2, 'transfer_completed', NULL, '41', NULL, 'cash:connected:S', 900),
  (2, 'transfer_completed', NULL, '41', NULL, 'seller:S:pending', 900),
  (2, 'transfer_completed', NULL, '41', NULL, 'seller:S:available', -900),
  (3, 'refund_succeeded', '31', NULL, NULL, 'cash:psp', -200),
  (3, 'refund_succeeded', '31', NULL, NULL, 'seller:S:available', 180),
  (3, 'refund_succeeded', '31', NULL, NULL, 'platform:revenue', 20),
  (4, 'reversal_done', '31', '41', NULL, 'cash:connected:S', -180),
  (4, 'reversal_done', '31', '41', NULL, 'cash:psp', 180),
  (5, 'refund_succeeded', '32', NULL, NULL, 'cash:psp', -200),
  (5, 'refund_succeeded', '32', NULL, NULL, 'seller:S:available', 180),
  (5, 'refund_succeeded', '32', NULL, NULL, 'platform:revenue', 20),
  (6, 'reversal_written_off', '32', '41', NULL, 'platform:losses', 180),
  (6, 'reversal_written_off', '32', '41', NULL, 'cash:connected:S', -180),
  (7, 'payout_asked', NULL, NULL, '61', 'seller:S:available', 100),
  (7, 'payout_asked', NULL, NULL, '61', 'seller:S:paying_out', -100),
  (8, 'payout_paid', NULL, NULL, '61', 'seller:S:paying_out', 100),
  (8, 'payout_paid', NULL, NULL, '61', 'cash:connected:S', -100)
) AS posted (posting, kind, refund, transfer, payout, account, minor);
INSERT INTO ops_flags (id, kind, subject, detail) VALUES
  ('00000000-0000-7000-8000-000000000071', 'reversal_gave_up', 'reversal/00000000-0000-7000-8000-000000000053', 'Stripe refused it.');
-- What waits, in words of which later migrations check that they are known.
INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, currency, status, payment_id, completed_at) VALUES
  ('00000000-0000-7000-8000-000000000081', '00000000-0000-7000-8000-000000000001', 1000, 1000, 'EUR', 'EUR', 'completed', 'pay_2', now());
INSERT INTO order_items (id, order_id, position, product_id, seller_id, amount_minor, platform_fee_minor) VALUES
  ('00000000-0000-7000-8000-000000000082', '00000000-0000-7000-8000-000000000081', 0, '00000000-0000-7000-8000-000000000011',
   '00000000-0000-7000-8000-000000000002', 1000, 100);
INSERT INTO seller_transfers (id, order_id, seller_id, amount_minor, currency, status, waiting_for) VALUES
  ('00000000-0000-7000-8000-000000000083', '00000000-0000-7000-8000-000000000081', '00000000-0000-7000-8000-000000000002', 900, 'EUR',
   'pending', 'platform_balance');
INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, order_id, created_at)
SELECT '00000000-0000-7000-8000-0000000000a9', account, minor, 'EUR', 'order_completed', '00000000-0000-7000-8000-000000000081', '2026-02-01'
FROM (VALUES ('cash:psp', 1000), ('seller:00000000-0000-7000-8000-000000000002:pending', -900), ('platform:revenue', -100)) AS posted (account, minor);
UPDATE seller_balances SET pending_minor = 900;
INSERT INTO disputes (id, order_id, provider_dispute_id, amount_minor, currency, status, opened_at, unbooked_since, unbooked_why) VALUES
  ('00000000-0000-7000-8000-000000000084', '00000000-0000-7000-8000-000000000081', 'dp_1', 1000, 'EUR', 'lost', now(), now(), 'in_flight');
INSERT INTO platform_settings (key, value_text) VALUES ('stripe_mode', 'test');
