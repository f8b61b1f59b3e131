/** Where files are kept. Nothing in it is public: who may see a file is decided before the store is asked. */
export interface FileStore {
  /**
   * Nothing is visible under the key before the file is whole, and a failure or an abort leaves nothing. What the
   * content throws is thrown as it came. Two puts of one key: the later one stays, whole.
   */
  put(
    key: string,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<{ readonly sizeBytes: number }>;
  /** Null: there is none. Whoever got one reads it to its end, or closes it. */
  get(key: string, range?: ByteRange): Promise<OpenFile | null>;
  /** Null: there is none. */
  stat(key: string): Promise<FileStat | null>;
  /** Also where there is none. */
  remove(key: string): Promise<void>;
  /** A page of the files whose keys begin so, by key; `after` is the `next` of the page before. */
  list(prefix: string, after?: string): Promise<FilePage>;
  /** Removes what puts have left that were killed: those that began before this time. Says how many. */
  abortUnfinished(which: { readonly olderThan: Date; readonly prefix: string }): Promise<number>;
  close(): void;
}

export interface PutOptions {
  /** `application/zip` */
  readonly contentType: string;
  readonly signal?: AbortSignal;
}

/** First and last byte, both included; without `end` to the end. An end beyond the file is its last byte. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

export interface FileStat {
  /** Of the whole file. */
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

export interface OpenFile extends FileStat {
  /** The range that was asked for. */
  readonly content: AsyncIterable<Uint8Array>;
  close(): void;
}

export interface FilePage {
  readonly files: readonly (FileStat & { readonly key: string })[];
  /** Null: this is the last page. */
  readonly next: string | null;
}

/**
 * `full`: the store has no room. `refused`: it does not let us, or does not know the bucket. `range`: the range begins
 * behind the file's end. `unavailable`: everything else, and asking again may help.
 */
export type StoreFaultCode = 'full' | 'refused' | 'range' | 'unavailable';

/** What a store throws, beside an abort: a code alone, since a store's own words may name a person's file. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly code: StoreFaultCode;

  constructor(code: StoreFaultCode) {
    super(`the file store: ${code}`);
    this.code = code;
  }
}

const KEY_MAX_CHARS = 900;
/** A file system takes 255 bytes, and a character may have three; a file in the making has a longer name. */
const PART_MAX_CHARS = 64;
/** No control characters, which no header carries. A dot in front is what stores keep for themselves. */
const PART = /^[^.\p{Cc}\p{Cs}/\\][^\p{Cc}\p{Cs}/\\]*$/u;

/**
 * Throws a RangeError unless it may be a key: parts of 1 to 64 characters between slashes, none with a dot in front. No key
 * may be the folder of another one.
 */
export function assertFileKey(key: string): void {
  const isGood = (part: string) => part.length <= PART_MAX_CHARS && PART.test(part);
  if (key.length > KEY_MAX_CHARS || !key.split('/').every(isGood))
    throw new RangeError('not a key of a file');
}
