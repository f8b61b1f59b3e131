import { v7 as uuidv7 } from 'uuid';
import { readSigningSettings } from '../ops/settings.ts';
import { makeToken } from '../ops/sign-token.ts';
import type { Stage } from './cli/stage.ts';
import type { DatabaseWithSql } from './database.ts';

export interface Person {
  readonly id: string;
  readonly token: string;
}

const TOKEN_TTL_MS = 24 * 60 * 60 * 1_000;

/** People with a verified address, who have nothing yet. */
export async function makePeople(
  { db, sql }: Pick<DatabaseWithSql, 'db' | 'sql'>,
  { env }: Pick<Stage, 'env'>,
  count: number,
): Promise<readonly Person[]> {
  const signing = readSigningSettings(env);
  const people: Person[] = [];
  for (let number = 0; number < count; number += 1) {
    const id = uuidv7();
    await sql`INSERT INTO users (id, email, role, is_verified) VALUES (${id}, ${`${id}@sandbox.veza.example`}, 'user', true)`;
    const token = await makeToken(db, signing, { userId: id, role: 'user' }, TOKEN_TTL_MS);
    people.push({ id, token });
  }
  return people;
}
