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
