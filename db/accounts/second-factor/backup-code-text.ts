import { randomInt } from 'node:crypto';

export const BACKUP_CODES = 10;
/** Without those that are taken for each other. */
const LETTERS = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';
const GROUP_CHARS = 5;
const SHAPE = /^(\d{2})-?([A-Z0-9]{5})-?([A-Z0-9]{5})$/;

export interface BackupCode {
  readonly number: number;
  /** What the row has a hash of. */
  readonly rest: string;
}

/** Ten codes as people write them down, `07-XXXXX-XXXXX`. */
export const newBackupCodes = (): readonly (BackupCode & { readonly text: string })[] =>
  Array.from({ length: BACKUP_CODES }, (_, index) => {
    const [left, right] = [group(), group()];
    const number = index + 1;
    return { number, rest: left + right, text: `${String(number).padStart(2, '0')}-${left}-${right}` };
  });

/** Null where the text does not have the shape of a code. */
export function parseBackupCode(text: string): BackupCode | null {
  const [, number, left = '', right = ''] = SHAPE.exec(text.trim().toUpperCase()) ?? [];
  return number === undefined ? null : { number: Number(number), rest: left + right };
}

const group = () => Array.from({ length: GROUP_CHARS }, () => LETTERS[randomInt(LETTERS.length)]).join('');
