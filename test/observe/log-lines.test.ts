import { expect, test } from 'vitest';
import { createLogger } from '../../log.ts';
import { maskPersonalData } from '../../domain/kernel/index.ts';
import { growth, LINEAR } from '../harness/growth.ts';

// What a log line shows of what strangers sent, and what it costs to look through it.

const lines: string[] = [];
const log = createLogger('info', { write: (line) => void lines.push(line) });
function lineOf(fields: object, message = 'x'): string {
  log.info(fields, message);
  return lines.at(-1)!;
}

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';

test.each([
  ['in a field', { to: 'ada.lovelace@people.example' }],
  ['deep in one', { a: { b: [{ c: 'to ada.lovelace@people.example, by post' }] } }],
  ['in brackets', { to: 'Ada <ada.lovelace@people.example>' }],
  ['between others', { to: 'x@y.example,ada.lovelace@people.example;z@y.example' }],
  ['after a name and a sign', { q: 'email=ada.lovelace@people.example' }],
  ['in a path, as it is', { path: '/api/v1/people/ada.lovelace@people.example' }],
  ['in a path, written in percent', { path: '/api/v1/people/ada.lovelace%40people.example' }],
  ['in an error', { err: new Error('no mailbox ada.lovelace@people.example') }],
  ['in the cause of one', { err: new Error('x', { cause: new Error('ada.lovelace@people.example') }) }],
  ['with a plus', { to: 'ada.lovelace+shop@people.example' }],
  ['with a long name', { to: `ada.lovelace${'x'.repeat(100)}@people.example` }],
])('an e-mail address is masked %s', (_, fields) => {
  const line = lineOf(fields);
  expect(line).not.toContain('lovelace');
  expect(line).toContain('***@people.example');
});

test('an e-mail address is masked in the message', () => {
  expect(lineOf({}, 'sent to ada.lovelace@people.example')).not.toContain('lovelace');
});

test.each([
  ['alone', TOKEN],
  ['in a sentence', `the token ${TOKEN}, which is old`],
  ['behind another word', `x-${TOKEN}`],
  ['behind a dot', `a.${TOKEN}`],
  ['cut off', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIi'],
])('a token is hidden %s', (_, text) => {
  expect(lineOf({ text })).not.toMatch(/eyJ|c2lnbmF0dXJl/);
});

test.each(['sk_live_abcdef', 'whsec_abcdefgh', 'Bearer abc.def', 'vz_live_0123456789ab_x'])(
  '%s is hidden',
  (secret) => {
    expect(lineOf({ text: `with ${secret}.` })).not.toContain(secret);
  },
);

test.each([
  ...['refresh_token', 'refreshToken', 'csrf_token', 'id_token', 'access_token', 'form_token'],
  ...['challenge', 'code_verifier', 'codeVerifier', 'backup_codes', 'backup_code', 'new_password'],
])('the field %s is hidden', (name) => {
  expect(lineOf({ body: { [name]: 'what-nobody-may-read' } })).not.toContain('nobody');
});

test('the field backup_codes is hidden, which is a list', () => {
  expect(lineOf({ backup_codes: ['07-7KQ2M-XW4HP'] })).not.toContain('7KQ2M');
});

test('a text of a million characters is cut, and says how long it was', () => {
  const line = lineOf({ path: 'x'.repeat(1_000_000) });
  expect(line.length).toBeLessThan(10_000);
  expect(line).toContain('… of 1000000');
});

const HOSTILE = ['eyJ-', 'eyJ.', 'eyJa.eyJb.', 'a@', '@', '%40', 'Bearer ', 'sk_', 'aB', '<a@b', ' '];

test.each(HOSTILE)(
  'a megabyte of %j costs twice as much as half of it',
  async (part) => {
    const work = (size: number) => {
      const text = part.repeat(size / part.length);
      for (let time = 0; time < 20; time += 1) lineOf({ text }, text);
      return maskPersonalData({ text, [text]: text, deep: [text] });
    };
    expect(await growth(work, 1024 * 1024)).toBeLessThan(LINEAR);
  },
  120_000,
);
