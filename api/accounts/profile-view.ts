import { z } from '@hono/zod-openapi';
import type { Profile as ProfileRow } from '../../db/accounts/index.ts';

const BIO_MAX_CHARS = 2_000;
const LINKS_MAX = 10;
const LINK_MAX_CHARS = 500;

/** As at the registration. */
export const DisplayName = z.string().trim().min(1).max(100);

/** What a person says of themselves; what is left out is said no more. */
export const ProfileToPut = z
  .strictObject({
    display_name: DisplayName,
    bio: z.string().max(BIO_MAX_CHARS).nullish(),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .nullish()
      .openapi({ description: 'ISO 3166-1 alpha-2', example: 'DE' }),
    links: z
      .array(z.url({ protocol: /^https$/ }).max(LINK_MAX_CHARS))
      .max(LINKS_MAX)
      .default([]),
  })
  .openapi('ProfileToPut');

export const Profile = z
  .object({
    display_name: z.string().nullable().openapi({ description: 'Null where nothing was said yet' }),
    bio: z.string().nullable(),
    country: z.string().nullable(),
    links: z.array(z.string()),
  })
  .openapi('Profile');

export const showProfile = (profile: ProfileRow | null): z.infer<typeof Profile> => ({
  display_name: profile?.displayName ?? null,
  bio: profile?.bio ?? null,
  country: profile?.country ?? null,
  links: [...(profile?.links ?? [])],
});
