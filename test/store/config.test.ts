import { describe, expect, test } from 'vitest';
import { readVariables } from '../../config.ts';
import { productionProblems } from '../../config/production.ts';
import { STORAGE_VARIABLES, storageProblems, storageWarning, storeSettingsOf } from '../../config/storage.ts';
import { STORAGE_NAMES } from './support.ts';

const read = (env: Record<string, string>) => storeSettingsOf(readVariables(env, STORAGE_NAMES));
const warning = (env: Record<string, string>) => storageWarning(readVariables(env, STORAGE_NAMES));

describe('where files are kept', () => {
  test.each([
    [{}, '.veza/files'],
    [{ STORAGE_URL: 'file:data/files' }, 'data/files'],
    [{ STORAGE_URL: 'file:/var/lib/files' }, '/var/lib/files'],
    [{ STORAGE_URL: 'file:///var/lib/files' }, '/var/lib/files'],
  ])('a folder: %j', (env, folder) => {
    expect(read(env)).toEqual({ kind: 'folder', folder });
  });

  test('a bucket, with a prefix and keys or without', () => {
    expect(read({ STORAGE_URL: 's3://shop-files' })).toMatchObject({
      ...{ kind: 's3', bucket: 'shop-files', prefix: '', region: 'us-east-1', forcePathStyle: false },
      ...{ endpoint: undefined, credentials: undefined },
    });
    const env = {
      STORAGE_URL: 's3://shop-files/veza/live/',
      S3_ENDPOINT: 'https://s3.example',
      S3_REGION: 'eu-central-1',
      S3_ACCESS_KEY_ID: 'key',
      S3_SECRET_ACCESS_KEY: 'secret',
      S3_FORCE_PATH_STYLE: 'true',
    };
    expect(read(env)).toMatchObject({
      ...{ prefix: 'veza/live/', endpoint: 'https://s3.example', region: 'eu-central-1' },
      ...{ credentials: { accessKeyId: 'key', secretAccessKey: 'secret' }, forcePathStyle: true },
    });
  });

  test.each(['s3://', 's3:///prefix', 's3:bucket', 'file:', 'https://s3.example/bucket', 's3://b?x=1'])(
    'refused: %s',
    (STORAGE_URL) => {
      expect(() => read({ STORAGE_URL })).toThrow('STORAGE_URL: expected s3://bucket/prefix, or file:folder');
    },
  );

  test('half a set of keys is refused', () => {
    const expected = ['S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: expected both or none'];
    expect(storageProblems({ S3_ACCESS_KEY_ID: 'key' })).toEqual(expected);
    expect(storageProblems({ S3_SECRET_ACCESS_KEY: 'secret' })).toEqual(expected);
    expect(storageProblems({ S3_ACCESS_KEY_ID: 'key', S3_SECRET_ACCESS_KEY: 'secret' })).toEqual([]);
  });

  test('production refuses an S3 over http beyond its own network, and a short secret', () => {
    const problems = (env: Record<string, string>) => productionProblems(env, STORAGE_VARIABLES);
    expect(problems({ S3_ENDPOINT: 'http://s3.example' })).toEqual([
      'S3_ENDPOINT: expected https: over http: others on the way could read and change what is sent',
    ]);
    expect(problems({ S3_ENDPOINT: 'http://minio:9000' })).toEqual([]);
    expect(problems({ S3_ENDPOINT: 'https://s3.example' })).toEqual([]);
    expect(problems({ S3_SECRET_ACCESS_KEY: 'hQ4x' })).toHaveLength(1);
  });

  test('production warns of a folder, and of nothing else', () => {
    expect(warning({ NODE_ENV: 'production' })).toContain('STORAGE_URL');
    expect(warning({ NODE_ENV: 'production', STORAGE_URL: 's3://shop-files' })).toBeNull();
    expect(warning({ NODE_ENV: 'development' })).toBeNull();
  });
});
