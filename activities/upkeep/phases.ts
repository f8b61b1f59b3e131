import {
  removeRefreshTokens,
  removeUnconfirmed,
  ROWS_OVER,
  sessionAddressesOver,
  SESSIONS_WITH_TOKENS,
  unconfirmedAccounts,
} from '../../db/accounts/index.ts';
import { auditAddressesOver } from '../../db/kernel/index.ts';
import { TICKETS_OVER } from '../../db/privacy/index.ts';
import { bodiesOver, maskBody } from '../../db/webhooks/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { UpkeepPhase } from '../../domain/upkeep/index.ts';
import { startMails } from '../accounts/index.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import { done, eachRowOver, forgottenRowsOver, left, leftBy, type Part, removedRowsOver } from './part.ts';

const mails: Part = {
  name: 'mails',
  take: (deps, { after, limit }) =>
    whileHeartbeating(async () => {
      const { starts, next } = await startMails(deps, { after, limit });
      const looks = starts.map(async (start) => {
        if (start.status === 'fulfilled') return done('mails');
        const isAway = start.reason instanceof VezaError && start.reason.code === 'engine_unavailable';
        return isAway ? left('engine_unavailable') : leftBy(deps, 'mails', start.reason);
      });
      return { looks: await Promise.all(looks), next };
    }),
};

const accounts = eachRowOver(
  'accounts',
  ({ settings: { upkeep } }) =>
    upkeep.identity === 'own' ? unconfirmedAccounts(upkeep.unverifiedAccountTtlMs) : null,
  async ({ db }, userId, rows, by) => {
    const removal = await removeUnconfirmed(db, rows, { userId, by });
    return removal === 'removed' ? done('accounts') : left(removal);
  },
);

const refreshTokens = eachRowOver(
  'refresh_tokens',
  () => SESSIONS_WITH_TOKENS,
  async ({ db }, sessionId) => {
    await removeRefreshTokens(db, sessionId);
    return done('refresh_tokens');
  },
);

const addressesOfSessions = forgottenRowsOver('sessions', ({ settings: { upkeep } }) =>
  sessionAddressesOver(upkeep.addressRetentionMs),
);
const addressesOfAudit = forgottenRowsOver('audit_log', ({ settings: { upkeep } }) =>
  auditAddressesOver(upkeep.addressRetentionMs),
);

const webhookBodies = eachRowOver(
  'webhook_bodies',
  ({ settings: { upkeep } }) => bodiesOver(upkeep.webhookBodyRetentionMs),
  async ({ db }, id, rows, by) =>
    (await maskBody(db, rows, { id, by })) ? done('webhook_bodies') : left('in_use'),
);

/** The register of phases: what each looks at, in this order. */
export const PHASES: Readonly<Record<UpkeepPhase, readonly Part[]>> = {
  lost_work: [mails],
  accounts: [accounts],
  // A session goes after its tokens, which refer to it.
  tokens: [refreshTokens, ...[...ROWS_OVER, TICKETS_OVER].map(removedRowsOver)],
  addresses: [addressesOfSessions, addressesOfAudit],
  bodies: [webhookBodies],
};
