import { z } from 'zod';
import { flag, list } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

const claim = (name: string) => z.string().min(1, 'the name of a claim').default(name);

/** How tokens of an identity provider are read (docs/identity.md). They do nothing where accounts are ours. */
export const IDENTITY_VARIABLES = {
  JWT_USER_ID_CLAIM: variable(
    claim('sub'),
    'sub',
    'claim of an identity provider that names the person; what is no UUID becomes one, of issuer and value',
  ),
  JWT_ROLE_CLAIM: variable(
    claim('role'),
    'role',
    'claim of an identity provider that names the role of somebody who is provisioned',
  ),
  JWT_PROVISION_USERS: variable(
    flag('false'),
    'false',
    'whether somebody unknown is made a user at their first token, if it has `email` and `email_verified: true`',
  ),
  JWT_ADMIN_AMR: variable(
    list((part) => /^[\w.:/-]+$/.test(part), 'methods such as mfa,otp,hwk'),
    '',
    'ways to sign in (RFC 8176) of which an admin’s token must name one in `amr`; empty: none is asked for',
  ),
} as const satisfies Variables;
