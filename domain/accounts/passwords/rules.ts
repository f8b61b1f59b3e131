import { isCommon } from './common.ts';

/** Characters as people count them: code points, as typed. */
export const PASSWORD_MIN_CHARS = 12;
export const PASSWORD_MAX_CHARS = 128;

/** Why a password cannot be taken. */
export type PasswordFault = 'too_short' | 'too_long' | 'is_the_address' | 'common' | 'breached';

/** Null where nothing that we know ourselves speaks against it. Nothing is trimmed: a space is a character. */
export function passwordFault(password: string, email: string): PasswordFault | null {
  const chars = Array.from(password).length;
  if (chars < PASSWORD_MIN_CHARS) return 'too_short';
  if (chars > PASSWORD_MAX_CHARS) return 'too_long';
  const [address, typed] = [email.toLowerCase(), password.toLowerCase()];
  if (typed === address || typed === address.split('@')[0]) return 'is_the_address';
  return isCommon(password) ? 'common' : null;
}

/** What the answer says of it. */
export const FAULT_TEXTS: Readonly<Record<PasswordFault, string>> = {
  too_short: `A password has at least ${PASSWORD_MIN_CHARS} characters.`,
  too_long: `A password has at most ${PASSWORD_MAX_CHARS} characters.`,
  is_the_address: 'The password is the e-mail address.',
  common: 'The password is one of those that are tried first.',
  breached: 'The password was in a leak of another service.',
};
