import { S3ServiceException } from '@aws-sdk/client-s3';
import { StoreFault, type StoreFaultCode } from '../../domain/kernel/index.ts';

/** The S3 has no file, or no upload, of that name. */
class Missing extends StoreFault {
  constructor() {
    super('unavailable');
  }
}

export const isMissing = (error: unknown): boolean => error instanceof Missing;

const MISSING: ReadonlySet<string> = new Set(['NoSuchKey', 'NotFound', 'NoSuchUpload']);
const FULL: ReadonlySet<string> = new Set(['QuotaExceeded', 'XMinioStorageFull', 'EntityTooLarge']);
const REFUSALS: ReadonlySet<number> = new Set([301, 401, 403, 404]);

/** What an S3 answered, as a code: its own words name the key, and may name the bucket's owner. */
export async function asFault<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof S3ServiceException && MISSING.has(error.name)) throw new Missing();
    throw new StoreFault(codeOf(error));
  }
}

function codeOf(error: unknown): StoreFaultCode {
  if (!(error instanceof S3ServiceException)) return 'unavailable';
  const status = error.$metadata.httpStatusCode ?? 0;
  if (status === 507 || FULL.has(error.name)) return 'full';
  if (status === 416) return 'range';
  return REFUSALS.has(status) ? 'refused' : 'unavailable';
}
