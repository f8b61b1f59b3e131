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

/** Who calls, as far as rules need to know. */
export interface Caller {
  readonly userId: string;
  readonly role: Role;
}
