import { createHash } from 'node:crypto';

/** How much of the digest is told: a thousand or so passwords share it, so the service learns none. */
const TOLD_CHARS = 5;
const TIMEOUT_MS = 2_000;

/** Whether a password is known to have leaked; false where the service does not say so in time. */
export type BreachCheck = (password: string) => Promise<boolean>;

/**
 * Asks a service of ranges (https://haveibeenpwned.com/API/v3#PwnedPasswords): it is told the first five digits of the SHA-1,
 * and answers with the rest of each digest that begins so, `REST:count` a line. Lines that only fill up have the count 0.
 */
export const createBreachCheck =
  (baseUrl: string): BreachCheck =>
  async (password) => {
    const digest = createHash('sha1').update(password).digest('hex').toUpperCase();
    const url = new URL(digest.slice(0, TOLD_CHARS), baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
    try {
      const response = await fetch(url, {
        headers: { 'Add-Padding': 'true' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) return false;
      const rest = digest.slice(TOLD_CHARS);
      const lines = (await response.text()).split('\n').map((line) => line.trim().split(':'));
      return lines.some(([of, count]) => of === rest && Number(count) > 0);
    } catch {
      return false;
    }
  };
