import { randomBytes } from 'node:crypto';
import type { Payload, SerializationContext } from '@temporalio/common';
import { describe, expect, it, test } from 'vitest';
import { ConfigError, readVariables } from '../../config.ts';
import type { EncryptionKey } from '../../domain/kernel/index.ts';
import { createCodec } from '../../engine/codec.ts';

const key = (id: string): EncryptionKey => ({ id, secret: randomBytes(32) });
const [a, b] = [key('a'), key('b')];

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const plain: Payload = { metadata: { encoding: utf8('json/plain') }, data: utf8('"the buyer’s words"') };
const inWorkflow = (workflowId: string): SerializationContext => ({
  type: 'workflow',
  namespace: 'default',
  workflowId,
});

const encode = async (keys: readonly EncryptionKey[], payload = plain, context?: SerializationContext) =>
  (await createCodec(keys).encode([payload], context))[0]!;
const decode = async (keys: readonly EncryptionKey[], payload: Payload, context?: SerializationContext) =>
  (await createCodec(keys).decode([payload], context))[0]!;

const textOf = (payload: Payload) => Buffer.from(payload.data ?? []).toString();
const fieldOf = (payload: Payload, name: string) => Buffer.from(payload.metadata?.[name] ?? []).toString();

describe('a codec of payloads', () => {
  it('encrypts with the first key, and all keys decrypt', async () => {
    const sent = await encode([a, b]);
    expect(fieldOf(sent, 'encoding')).toBe('binary/encrypted');
    expect(fieldOf(sent, 'encryption-key-id')).toBe('a');
    expect(textOf(sent)).not.toContain('words');
    const read = await decode([b, a], sent);
    expect(textOf(read)).toBe(textOf(plain));
    expect(fieldOf(read, 'encoding')).toBe('json/plain');
  });

  it('encrypts with the key that is named, wherever it stands in the ring', async () => {
    const [sent] = await createCodec([a, b], 'b').encode([plain]);
    expect(fieldOf(sent!, 'encryption-key-id')).toBe('b');
    expect(textOf(await decode([a, b], sent!))).toBe(textOf(plain));
  });

  it('with `none` only decrypts: it reads what others encrypt, and writes in the clear', async () => {
    const reader = createCodec([a, b], 'none');
    expect(await reader.encode([plain])).toEqual([plain]);
    for (const one of [a, b])
      expect(textOf((await reader.decode([await encode([one])]))[0]!)).toBe(textOf(plain));
  });

  it('never writes in the clear because the key that it is told to use is not there', () => {
    expect(() => createCodec([a], 'b')).toThrow('the key "b" is not in the ring');
  });

  it('never encrypts twice alike', async () => {
    const [one, two] = [await encode([a]), await encode([a])];
    expect(one.data!.subarray(0, 12)).not.toEqual(two.data!.subarray(0, 12));
    expect(one.data).not.toEqual(two.data);
  });

  it('encrypts nothing without keys, and reads what was sent in the clear with them', async () => {
    expect(await encode([])).toEqual(plain);
    expect(await decode([a], plain)).toEqual(plain);
  });

  it('names the key that is not in the ring', async () => {
    const sent = await encode([a]);
    for (const ring of [[b], []]) {
      await expect(decode(ring, sent)).rejects.toMatchObject({
        code: 'payload_unreadable',
        message: expect.stringContaining('the key "a", which is not in the ring'),
      });
    }
  });

  it('refuses another key under the same id', async () => {
    await expect(decode([key('a')], await encode([a]))).rejects.toMatchObject({
      code: 'payload_unreadable',
    });
  });

  test.each<[string, (sent: Payload) => Payload]>([
    [
      'a bit of its data',
      (sent) => ({ ...sent, data: sent.data!.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) }),
    ],
    ['its end cut off', (sent) => ({ ...sent, data: sent.data!.subarray(0, -1) })],
    ['nothing left', (sent) => ({ ...sent, data: new Uint8Array() })],
    [
      'the workflow that it says it is for',
      (sent) => ({ ...sent, metadata: { ...sent.metadata, 'encryption-workflow-id': utf8('refund/2') } }),
    ],
    [
      'no workflow any more',
      ({ metadata, data }) => {
        const { 'encryption-workflow-id': _, ...rest } = metadata!;
        return { metadata: rest, ...(data && { data }) };
      },
    ],
  ])('refuses what was changed: %s', async (_, change) => {
    const sent = await encode([a], plain, inWorkflow('refund/1'));
    await expect(decode([a], change(sent))).rejects.toMatchObject({ code: 'payload_unreadable' });
  });

  it('binds a payload to its workflow', async () => {
    const sent = await encode([a], plain, inWorkflow('refund/1'));
    expect(textOf(await decode([a], sent, inWorkflow('refund/1')))).toBe(textOf(plain));
    await expect(decode([a], sent, inWorkflow('refund/2'))).rejects.toMatchObject({
      code: 'payload_unreadable',
      message: expect.stringContaining('made for refund/1 and is found in refund/2'),
    });
    // Temporal's UI does not say where it found it.
    expect(textOf(await decode([a], sent))).toBe(textOf(plain));
  });

  it('lets a schedule’s payload into the workflows that the schedule starts', async () => {
    const sent = await encode([a], plain, inWorkflow('reconcile'));
    expect(textOf(await decode([a], sent, inWorkflow('reconcile-2026-11-27T08:00:00Z')))).toBe(textOf(plain));
    await expect(decode([a], sent, inWorkflow('reconcile-drain'))).rejects.toThrow(/payload_unreadable/);
  });
});

describe('PAYLOAD_ENCRYPTION_KEYS', () => {
  const read = (value: string) =>
    readVariables({ PAYLOAD_ENCRYPTION_KEYS: value }, ['PAYLOAD_ENCRYPTION_KEYS']).PAYLOAD_ENCRYPTION_KEYS;
  const base64 = (bytes: number) => randomBytes(bytes).toString('base64');

  it('is a ring of keys, in its order', () => {
    const [one, two] = [base64(32), base64(32)];
    expect(read(`2026-11:${one}, 2026-10:${two}`)).toEqual([
      { id: '2026-11', secret: Buffer.from(one, 'base64') },
      { id: '2026-10', secret: Buffer.from(two, 'base64') },
    ]);
    expect(read('')).toEqual([]);
  });

  const [short, right] = [base64(16), base64(32)];
  test.each([
    `a:${short}`,
    `none:${right}`,
    right,
    `a:${right},a:${base64(32)}`,
    'a:',
    `a b:${right}`,
    `a:${right},nonsense`,
  ])('refuses what is no ring (%#): says what is expected, without the key', (value) => {
    const refused = (() => {
      try {
        return read(value);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(ConfigError);
    expect(String(refused)).toContain('each key 32 bytes in base64 under an id of its own');
    expect(String(refused)).not.toContain(right);
    expect(String(refused)).not.toContain(short);
  });
});

describe('PAYLOAD_ENCRYPTION_KEY_ID', () => {
  const ring = `new:${randomBytes(32).toString('base64')},old:${randomBytes(32).toString('base64')}`;
  const read = (keys: string, keyId: string) =>
    readVariables({ PAYLOAD_ENCRYPTION_KEYS: keys, PAYLOAD_ENCRYPTION_KEY_ID: keyId }, [
      'PAYLOAD_ENCRYPTION_KEYS',
      'PAYLOAD_ENCRYPTION_KEY_ID',
    ]).PAYLOAD_ENCRYPTION_KEY_ID;

  it('names a key of the ring, or none; left out, it is the first', () => {
    expect(read(ring, 'old')).toBe('old');
    expect(read(ring, 'none')).toBe('none');
    expect(read('', 'none')).toBe('none');
    expect(read(ring, '')).toBeUndefined();
  });

  test.each([
    [ring, 'older'],
    ['', 'new'],
    [ring, 'None'],
  ])('a key that is not in the ring is refused at the start (%#)', (keys, keyId) => {
    expect(() => read(keys, keyId)).toThrow(
      /PAYLOAD_ENCRYPTION_KEY_ID: expected the id of a key in PAYLOAD_ENCRYPTION_KEYS, or none/,
    );
  });
});
