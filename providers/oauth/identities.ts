import { z } from 'zod';
import type { OauthIdentity } from '../../domain/accounts/index.ts';
import { asPlainText, isPlainText } from '../../domain/kernel/index.ts';

/** OpenID Connect Core, 2: 255 characters at most. */
const SUBJECT_MAX_CHARS = 255;
/** As long as people name themselves at our own registration. */
const NAME_MAX_CHARS = 100;

/** One that no row can hold as it is would be somebody else's once it was changed: it tells of nobody. */
const Text = z.string().min(1).max(SUBJECT_MAX_CHARS).refine(isPlainText);
const Name = z.string().nullish();
/** What is no address at all is none: it would never get a mail. */
const Email = z
  .string()
  .max(254)
  .regex(/^[^\s<>@,]+@[^\s<>@,]+$/)
  .refine(isPlainText)
  .nullish()
  .catch(null);

const IdToken = z.object({
  sub: Text,
  email: Email,
  // Some write it as text.
  email_verified: z.union([z.boolean(), z.string()]).nullish(),
  name: Name,
});

/** Null: it tells of nobody. */
export function readIdToken(claims: unknown): OauthIdentity | null {
  const { data } = IdToken.safeParse(claims);
  if (data === undefined) return null;
  const { sub, email, email_verified: verified, name } = data;
  return identityOf(sub, { email, isVerified: verified === true || verified === 'true', name });
}

const GithubUser = z.object({ id: z.int().positive(), name: Name });
const GithubEmails = z.array(z.object({ email: Email, primary: z.boolean(), verified: z.boolean() }));

/** The primary address: that of the profile says nothing, and may be anybody's. */
export function readGithubUser(user: unknown, emails: unknown): OauthIdentity | null {
  const [known, addresses] = [GithubUser.safeParse(user).data, GithubEmails.safeParse(emails).data];
  if (known === undefined) return null;
  const primary = addresses?.find((one) => one.primary);
  return identityOf(String(known.id), {
    email: primary?.email,
    isVerified: primary?.verified === true,
    name: known.name,
  });
}

const DiscordUser = z.object({ id: Text, global_name: Name, email: Email, verified: z.boolean().nullish() });

export function readDiscordUser(user: unknown): OauthIdentity | null {
  const { data } = DiscordUser.safeParse(user);
  if (data === undefined) return null;
  return identityOf(data.id, {
    email: data.email,
    isVerified: data.verified === true,
    name: data.global_name,
  });
}

const SpotifyUser = z.object({ id: Text, display_name: Name, email: Email });

/** "This email address is unverified; there is no proof that it actually belongs to the user" (Spotify, Get Current User's Profile). */
export function readSpotifyUser(user: unknown): OauthIdentity | null {
  const { data } = SpotifyUser.safeParse(user);
  if (data === undefined) return null;
  return identityOf(data.id, { email: data.email, isVerified: false, name: data.display_name });
}

const identityOf = (
  subject: string,
  o: {
    readonly email: string | null | undefined;
    readonly isVerified: boolean;
    readonly name: string | null | undefined;
  },
): OauthIdentity => ({
  subject,
  email: o.email ?? null,
  isEmailVerified: o.isVerified && typeof o.email === 'string',
  name: o.name ? nameOf(o.name) : null,
});

/** A name says nothing of who they are, so what a row cannot hold is left out of it. */
const nameOf = (said: string): string | null =>
  asPlainText(Array.from(said.trim()).slice(0, NAME_MAX_CHARS).join('')) || null;
