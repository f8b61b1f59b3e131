import { afterAll, inject } from 'vitest';
import { type EmbeddedS3, startVersitygw } from '../../stack/versitygw.ts';
import { uniqueName } from './services.ts';

export interface TestS3 extends EmbeddedS3 {
  /** For a World that keeps its files there. */
  readonly env: Readonly<Record<string, string>>;
}

/** An S3 of this file alone, which ends with it: few files need one. */
export async function startS3(): Promise<TestS3> {
  const s3 = await startVersitygw({ dir: `${inject('scratchDir')}/${uniqueName('s3')}` });
  afterAll(() => s3.stop());
  return {
    ...s3,
    env: {
      STORAGE_URL: `s3://${s3.bucket}/files`,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
      S3_FORCE_PATH_STYLE: 'true',
    },
  };
}
