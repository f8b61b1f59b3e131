export const ROLES = [
  'user',
  'creator',
  'premium',
  'moderator',
  'admin',
  'artist',
  'producer',
  'label',
] as const;
export type Role = (typeof ROLES)[number];

/** What somebody with a confirmed address may make of themselves. It is no plan: it gives none of a plan's features. */
export const SELF_MADE_ROLE = 'creator' satisfies Role;

/** Who may put products up for sale. */
export const SELLING_ROLES = [
  'creator',
  'premium',
  'moderator',
  'admin',
  'artist',
  'producer',
  'label',
] as const satisfies readonly Role[];

/** The caller, as far as the rules need to know them. */
export interface Caller {
  readonly userId: string;
  readonly role: Role;
}

/** An admin who may not act as one here acts as an ordinary user. */
export const asOrdinaryUser = ({ userId, role }: Caller): Caller => ({
  userId,
  role: role === 'admin' ? 'user' : role,
});
