import { z } from '@hono/zod-openapi';

/** RFC 5321, 4.5.3.1.3. */
const ADDRESS_MAX_CHARS = 254;
/** Longer than any that is taken; what is refused is said by the rules of passwords. */
const PASSWORD_MAX_CHARS = 1_000;

/** As it was typed at a sign-in: whether it is one of ours is found by looking. */
export const Address = z
  .string()
  .min(1)
  .max(ADDRESS_MAX_CHARS)
  .openapi({ format: 'email', example: 'ada@people.example' });

export const Password = z
  .string()
  .min(1)
  .max(PASSWORD_MAX_CHARS)
  .openapi({ format: 'password', description: 'As typed: nothing is trimmed' });

/** One that is to become somebody's. */
export const NewAddress = z
  .email('An e-mail address')
  .max(ADDRESS_MAX_CHARS)
  .openapi({ example: 'ada@people.example' });

/** What a link brings in its fragment. */
export const LinkToken = z.string().min(1).max(200).openapi({ description: 'From the fragment of the link' });
