import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';

/** What goes through at a time. */
const CHUNK_BYTES = 64 * 1024;

export interface Hashed {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * A ZIP that is made while it is read: it holds a chunk of each step, whatever its size. One file after another is added;
 * the adding waits for whoever reads the body.
 */
export class Archive {
  readonly #zip = new ZipFile();
  readonly #meter = new Meter();
  #source: Readable | undefined;

  constructor() {
    this.#zip.on('error', (error: Error) => this.destroy(error));
    this.#zip.outputStream.on('error', (error: Error) => this.destroy(error));
    // Whoever adds and whoever reads learn of it by their own; a failure that nobody listens to would end the process.
    this.#meter.on('error', () => undefined);
    this.#zip.outputStream.pipe(this.#meter);
  }

  /** To be read to its end. */
  get body(): Readable {
    return this.#meter;
  }

  /** Resolves when the text has gone through. `mtime` is the same for all files. */
  async add(name: string, text: AsyncIterable<string>, mtime: Date): Promise<Hashed> {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    async function* measured() {
      for await (const chunk of inChunks(text)) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    }
    const source = Readable.from(measured(), { objectMode: false, highWaterMark: CHUNK_BYTES });
    source.on('error', (error) => this.destroy(error));
    this.#source = source;
    this.#zip.addReadStream(source, name, { mtime });
    await finished(source);
    return { sizeBytes, sha256: hash.digest('hex') };
  }

  /** Size and hash of the whole, once the body has been read. */
  end(): void {
    this.#zip.end();
  }

  get sum(): Hashed {
    return this.#meter.sum;
  }

  destroy(error: Error): void {
    this.#source?.destroy(error);
    this.#meter.destroy(error);
  }
}

class Meter extends Transform {
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  constructor() {
    super({ highWaterMark: CHUNK_BYTES });
  }

  override _transform(chunk: Buffer, _: string, done: (error: Error | null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
    done(null, chunk);
  }

  get sum(): Hashed {
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.copy().digest('hex') };
  }
}

/** Rows are short: each alone would cost more than what is in it. */
async function* inChunks(texts: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const text of texts) {
    const chunk = Buffer.from(text);
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < CHUNK_BYTES) continue;
    yield* slices(Buffer.concat(held));
    [held, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(held);
}

function* slices(whole: Buffer): Generator<Buffer> {
  for (let at = 0; at < whole.length; at += CHUNK_BYTES) yield whole.subarray(at, at + CHUNK_BYTES);
}
