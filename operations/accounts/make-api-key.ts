import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import {
  type ApiKeyRow,
  type ApiKeyToKeep,
  assertAdmin,
  createApiKey,
  makeKey,
  type NewApiKey,
} from '../../db/accounts/index.ts';
import type { Act } from '../../db/kernel/index.ts';
import { API_KEY_SCOPES, apiKeySubject } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { seenToken } from '../acting.ts';
import type { OperationsDeps } from '../deps.ts';
import type { SubjectPart } from '../row-kind.ts';
import { type Approval, askSecondAdmin } from '../second-admin.ts';

/** The action's name in approvals. */
export const MAKE_API_KEY = 'make_api_key';

/** `key` is shown only here. Where it waits for a second admin, it does not work until they agree. */
export type MadeApiKey = { readonly key: string } & (
  | { readonly apiKey: ApiKeyRow }
  | { readonly awaits: Approval }
);

/**
 * An admin makes a key: for itself at once, for anybody else once a second admin agrees, since it acts as that
 * person. Throws `validation_failed` (`user_id`, `reason`), `forbidden` and `person_required` where the key would
 * have a power that the actor may not give, and what `assertAdmin` throws.
 */
export async function makeApiKey(
  { db }: Pick<OperationsDeps, 'db'>,
  asked: NewApiKey,
  act: Act,
): Promise<MadeApiKey> {
  refusePower(asked, act);
  const { key, prefix, keyHash } = makeKey();
  const toKeep: ApiKeyToKeep = { ...asked, id: uuidv7(), prefix, keyHash };
  return db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    if (asked.userId === act.actor) return { key, apiKey: await createApiKey(tx, toKeep, act) };
    const params = z.encode(Kept, { ...toKeep, scopes: [...toKeep.scopes] });
    const awaits = await askSecondAdmin(
      tx,
      act,
      {
        ...{ action: MAKE_API_KEY, subject: apiKeySubject(toKeep.id) },
        ...{ seen: seenToken(params), params, money: null },
      },
      (inner) => createApiKey(inner, toKeep, act),
    );
    return { key, awaits };
  });
}

/** An actor with another admin's power would count as two admins, and a key cannot answer for another person. */
function refusePower({ userId, scopes }: NewApiKey, { actor, apiKeyId }: Act): void {
  const isForAnother = userId !== actor;
  const isPowerful = scopes.includes('admin');
  if (apiKeyId !== undefined && (isForAnother || isPowerful)) {
    throw new VezaError(
      'person_required',
      'A key for somebody else, or with the scope admin, is made with a bearer token, not with a key.',
    );
  }
  if (isForAnother && isPowerful) {
    throw new VezaError('forbidden', 'Admins make keys with the scope admin only for themselves.');
  }
}

/** The new key as an approval keeps it. */
const Kept = z.object({
  id: z.string(),
  userId: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(API_KEY_SCOPES)),
  expiresAt: z
    .codec(z.string(), z.date(), {
      decode: (text) => new Date(text),
      encode: (date) => date.toISOString(),
    })
    .nullable(),
  readsPerHour: z.int(),
  writesPerHour: z.int(),
  prefix: z.string(),
  keyHash: z.string(),
});

/** The key of an approval; null where the approval is about something else. */
export const keyToKeepOf = ({ action, params }: Pick<Approval, 'action' | 'params'>): ApiKeyToKeep | null =>
  action === MAKE_API_KEY ? Kept.parse(params) : null;

/** Done when a second admin agrees. The key does not exist yet, so nothing about it can have changed. */
export const keyUndertakingOf: SubjectPart['undertakingOf'] = (approval) => {
  const key = keyToKeepOf(approval);
  if (key === null) return null;
  return {
    seen: async () => approval.seen,
    async act(tx, act) {
      await createApiKey(tx, key, act);
      return null;
    },
    notify: async () => null,
  };
};
