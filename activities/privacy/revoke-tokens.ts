import { ApplicationFailure } from '@temporalio/activity';
import { freshTokens, listProviderLinks, type ProviderLink } from '../../db/accounts/index.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import type { BegunStep } from '../../db/privacy/erasing/steps.ts';
import { VezaError } from '../../domain/errors.ts';
import { deletionWorkflowId } from '../../domain/privacy/ids.ts';
import type { PrivacyDeps } from './deps.ts';

/**
 * Takes back what the person's accounts at providers opened to us. What a provider refuses is noted; one that is away is asked
 * again for some days, then the erasing goes on without it, and an operator is told.
 */
export async function revokeTokens(
  deps: Pick<PrivacyDeps, 'db' | 'oauth' | 'settings'>,
  { userId, ageMs }: BegunStep,
): Promise<string | null> {
  const notes: string[] = [];
  const away: string[] = [];
  // Each is asked at every attempt: what was revoked before is so again.
  for (const link of await listProviderLinks(deps.db, userId)) {
    const outcome = await revokeLink(deps, link);
    if (outcome.kind === 'away') away.push(`${link.provider}_${outcome.code}`);
    if (outcome.kind === 'noted') notes.push(`${link.provider}_${outcome.code}`);
  }
  if (away.length > 0 && ageMs < deps.settings.privacy.erasingProviderWaitMs)
    throw ApplicationFailure.create({ type: 'provider_away', message: away.join(',') });
  if (away.length > 0)
    await raiseFlag(
      deps.db,
      'erasing_held_up',
      deletionWorkflowId(userId),
      `Tokens were not revoked, since a provider was away: ${away.join(', ')}. The erasing goes on.`,
    );
  return [...notes, ...away].join(',') || null;
}

type Outcome = { readonly kind: 'revoked' } | { readonly kind: 'noted' | 'away'; readonly code: string };

async function revokeLink(
  { db, oauth }: Pick<PrivacyDeps, 'db' | 'oauth'>,
  { id, provider }: ProviderLink,
): Promise<Outcome> {
  const client = oauth[provider];
  if (client === undefined) return { kind: 'noted', code: 'off' };
  const tokens = await freshTokens(db, id, (refreshToken) => client.refresh(refreshToken)).catch(
    (error: unknown) => {
      // A key that is missing from the ring may come back: until then it holds the step up as a provider does.
      if (error instanceof VezaError && error.code === 'personal_data_unreadable')
        return { kind: 'failed', code: 'unreadable' } as const;
      throw error;
    },
  );
  if (tokens.kind === 'gone') return { kind: 'revoked' };
  // The provider does not know the refresh token any more, and the access token is over.
  if (tokens.kind === 'denied') return { kind: 'revoked' };
  if (tokens.kind === 'failed') return { kind: 'away', code: tokens.code };
  const revocation = await client.revoke(tokens);
  if (revocation.kind === 'revoked') return revocation;
  if (revocation.kind === 'unsupported') return { kind: 'noted', code: 'has_no_call' };
  return { kind: revocation.kind === 'refused' ? 'noted' : 'away', code: revocation.code };
}
