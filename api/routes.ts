import { ACCOUNTS_ROUTES, WELL_KNOWN_ROUTES } from './accounts/routes.ts';
import { APPROVALS_ROUTES } from './approvals/routes.ts';
import { CATALOG_ROUTES } from './catalog/routes.ts';
import { SERVICE_ROUTES } from './kernel/routes.ts';
import { MARKETPLACE_ROUTES } from './marketplace/routes.ts';
import { OPERATORS_ROUTES } from './operators/routes.ts';
import { PAYOUTS_ROUTES } from './payouts/routes.ts';
import { PRIVACY_ROUTES } from './privacy/routes.ts';
import { RECONCILE_ROUTES } from './reconcile/routes.ts';
import { SETTLEMENTS_ROUTES } from './settlements/routes.ts';
import { SUBSCRIPTIONS_ROUTES } from './subscriptions/routes.ts';
import { UPKEEP_ROUTES } from './upkeep/routes.ts';
import { WEBHOOKS_ROUTES } from './webhooks/routes.ts';

/** Outside of /api/v1. */
export const ROOT_ROUTES = [...SERVICE_ROUTES, ...WELL_KNOWN_ROUTES] as const;

/** Under /api/v1, in the order of the reference page. */
export const V1_ROUTES = [
  ...CATALOG_ROUTES,
  ...MARKETPLACE_ROUTES,
  ...PAYOUTS_ROUTES,
  ...SUBSCRIPTIONS_ROUTES,
  ...OPERATORS_ROUTES,
  ...APPROVALS_ROUTES,
  ...RECONCILE_ROUTES,
  ...UPKEEP_ROUTES,
  ...ACCOUNTS_ROUTES,
  ...PRIVACY_ROUTES,
  ...SETTLEMENTS_ROUTES,
  ...WEBHOOKS_ROUTES,
] as const;
