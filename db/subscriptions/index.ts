export {
  CHARGES_OF_AN_HOUR,
  type ChargeFigure,
  DEFERRED,
  type DeferredFigure,
  LIVE_SUBSCRIPTIONS,
  type LiveFigure,
  MAILS_OF_AN_HOUR,
  type MailFigure,
  SUBSCRIPTIONS_FIGURES,
} from './figures.ts';
export { SUBSCRIPTIONS_NAMED } from './named.ts';
export { readSubscriptionRows, subscriptionBehind, type SubscriptionRows } from './story-rows.ts';
export { SUBSCRIPTIONS_WORK } from './work.ts';
export { assertMayDistribute, assertMaySell } from './gates.ts';
export { featuresOf } from './read/features.ts';
