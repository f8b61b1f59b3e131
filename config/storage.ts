import { z } from 'zod';
import { isProduction } from '../domain/kernel/index.ts';
import type { StoreSettings } from '../providers/store/index.ts';
import { overHttps } from './over-https.ts';
import { flag, url } from './schemas.ts';
import { type Env, variable, type Variables } from './variable.ts';

const FOLDER = '.veza/files';
/** `file:///var/lib/veza/files`, or `file:.veza/files` for a folder within the one that the process was started in. */
const OF_FOLDER = /^file:(?:\/\/)?(?<folder>[^?#]+)$/;
/** A bucket's name, and what stands before each key. */
const OF_S3 = /^s3:\/\/(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?<path>\/[\w!.*'()/-]*)?$/;

/** Where files are kept: copies of what is held on a person, and what people upload. */
export const STORAGE_VARIABLES = {
  STORAGE_URL: variable(
    z
      .string()
      .refine((value) => OF_FOLDER.test(value) || OF_S3.test(value), 's3://bucket/prefix, or file:folder')
      .default(`file:${FOLDER}`),
    `file:${FOLDER}`,
    'where files are kept: `s3://bucket/prefix`, or `file:` and a folder that API and workers share',
  ),
  S3_ENDPOINT: variable(
    url(/^https?:/, 'https://s3.example').optional(),
    '',
    'address of the S3; Amazon’s own for the region unless set',
    { inProduction: overHttps },
  ),
  S3_REGION: variable(z.string().min(1, 'a region').default('us-east-1'), 'us-east-1', 'region of the S3'),
  S3_ACCESS_KEY_ID: variable(
    z.string().optional(),
    '',
    'who we are at the S3; without both keys the machine’s own role',
  ),
  S3_SECRET_ACCESS_KEY: variable(z.string().optional(), '', 'the secret of that key', {
    secret: { minChars: 16 },
  }),
  S3_FORCE_PATH_STYLE: variable(
    flag('false'),
    'false',
    '`true`: the bucket stands in the path and not in the host name, as most S3s but Amazon’s want it',
  ),
} as const satisfies Variables;

/** Problems that concern several variables. */
export const storageProblems = (env: Env): readonly string[] =>
  Boolean(env['S3_ACCESS_KEY_ID']) === Boolean(env['S3_SECRET_ACCESS_KEY'])
    ? []
    : ['S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: expected both or none'];

interface StorageConfig {
  readonly NODE_ENV: string | undefined;
  readonly APP_ENV: string | undefined;
  readonly STORAGE_URL: string;
  readonly S3_ENDPOINT: string | undefined;
  readonly S3_REGION: string;
  readonly S3_ACCESS_KEY_ID: string | undefined;
  readonly S3_SECRET_ACCESS_KEY: string | undefined;
  readonly S3_FORCE_PATH_STYLE: boolean;
}

/** Where this process keeps files. */
export function storeSettingsOf(config: StorageConfig): StoreSettings {
  const { bucket, path = '' } = OF_S3.exec(config.STORAGE_URL)?.groups ?? {};
  if (bucket === undefined)
    return { kind: 'folder', folder: OF_FOLDER.exec(config.STORAGE_URL)?.groups?.['folder'] ?? FOLDER };
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  const prefix = path.replaceAll(/^\/+|\/+$/g, '');
  return {
    kind: 's3',
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: config.S3_ENDPOINT,
    region: config.S3_REGION,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey },
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
  };
}

/** What to say at the start of a process; null: nothing. */
export const storageWarning = (config: StorageConfig): string | null =>
  isProduction(config) && storeSettingsOf(config).kind === 'folder'
    ? 'files are kept in a folder (STORAGE_URL): API and workers must share it, and it wants a backup'
    : null;
