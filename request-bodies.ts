import { Readable } from 'node:stream';
import { VezaError } from './domain/errors.ts';

export interface BodyLimits {
  /** The most bytes of one body. */
  readonly maxBytes: number;
  /** The most bytes of all bodies that this process holds at a time. */
  readonly budgetBytes: number;
  /** A body that is not whole yet has to grow by `windowBytes` in each window, or its connection is closed. */
  readonly windowMs: number;
  readonly windowBytes: number;
  /** A body has to be whole within this time, which is shorter than an answer's deadline. */
  readonly withinMs: number;
}

/** On their way through Node the parts of the bodies cost at most twice as much again. */
const LIMITS: BodyLimits = {
  maxBytes: 1024 * 1024,
  budgetBytes: 32 * 1024 * 1024,
  windowMs: 5_000,
  windowBytes: 10 * 1024,
  withinMs: 20_000,
};

/**
 * How often in a window the pace of all bodies is looked at. A process that was held up itself first takes in what
 * came meanwhile.
 */
const LOOKS_A_WINDOW = 5;
const FIRST_BUFFER_BYTES = 4 * 1024;
/** So many bytes count as progress. A sender that keeps making progress does not have to give way. */
const PROGRESS_BYTES = 16 * 1024;
const STALLED_AFTER_MS = 20;

/** The framework's request: the key under which its body is kept. */
interface BodyRequest {
  readonly raw: Request;
  header(name: string): string | undefined;
}

interface Reading {
  buffer: Buffer;
  length: number;
  /** The lengths at the last looks, the oldest first. */
  readonly lengths: number[];
  readonly beganAtMs: number;
  progressAtMs: number;
  isWhole: boolean;
  /** Gives the body up; the connection is closed with the answer. */
  readonly fail: (error: VezaError) => void;
}

/**
 * Reads the bodies of requests within one budget of this process, and at a least pace. When the budget is used up, a
 * sender that stopped sending gives way; where none has stopped, the newcomer is asked to come again. Cheap for those
 * who send at once.
 */
export class RequestBodies {
  readonly #limits: BodyLimits;
  readonly #readings = new Map<BodyRequest, Reading>();
  #heldBytes = 0;
  #looking: NodeJS.Timeout | null = null;

  constructor(limits: Partial<BodyLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Bytes that are held now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Throws, before reading, where the request itself says that its body is too long. */
  assertLength(request: BodyRequest): void {
    if (Number(request.header('content-length') ?? 0) > this.#limits.maxBytes) throw this.#tooLarge();
  }

  /**
   * The whole body, held until `release`. `incoming` is Node's own request, which is absent where a test calls the
   * app without a server. Throws `payload_too_large`, `body_too_slow`, `overloaded`, and `malformed_json` where the
   * client left.
   */
  async read(request: BodyRequest, incoming: unknown): Promise<Uint8Array> {
    const held = this.#readings.get(request);
    if (held?.isWhole) return held.buffer.subarray(0, held.length);
    const stream = incoming instanceof Readable ? incoming : streamOf(request.raw);
    if (stream === null) return new Uint8Array();
    let reading: Reading | undefined;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void) => {
        stream.off('data', take).off('end', whole).off('error', broken).off('close', broken);
        stream.pause();
        settle();
      };
      const fail = (error: VezaError) => end(() => reject(error));
      const whole = () => end(resolve);
      const broken = () => fail(new VezaError('malformed_json', 'The body ended before it was complete.'));
      const beganAtMs = performance.now();
      const mine: Reading = {
        buffer: Buffer.alloc(0),
        length: 0,
        lengths: [],
        beganAtMs,
        progressAtMs: beganAtMs,
        isWhole: false,
        fail,
      };
      const take = (chunk: Uint8Array) => {
        try {
          this.#take(mine, chunk);
        } catch (error) {
          fail(error as VezaError);
        }
      };
      reading = mine;
      this.#readings.set(request, mine);
      this.#look();
      stream.on('data', take).on('end', whole).on('error', broken).on('close', broken);
      if (stream.readableEnded) whole();
      else if (stream.destroyed) broken();
    }).catch((error: unknown) => {
      this.release(request);
      throw error;
    });
    reading!.isWhole = true;
    return reading!.buffer.subarray(0, reading!.length);
  }

  /** The request is over: lets its body go. */
  release(request: BodyRequest): void {
    const reading = this.#readings.get(request);
    if (reading === undefined) return;
    this.#readings.delete(request);
    this.#heldBytes -= reading.buffer.length;
    if (this.#readings.size > 0 || this.#looking === null) return;
    clearInterval(this.#looking);
    this.#looking = null;
  }

  /**
   * Copies a chunk into one buffer that grows: a body sent byte by byte costs its length, not the overhead of a chunk
   * for each byte.
   */
  #take(reading: Reading, chunk: Uint8Array): void {
    const length = reading.length + chunk.length;
    if (length > this.#limits.maxBytes) throw this.#tooLarge();
    if (length > reading.buffer.length) {
      const size = Math.max(FIRST_BUFFER_BYTES, length, reading.buffer.length * 2);
      const grown = Buffer.allocUnsafeSlow(Math.min(size, this.#limits.maxBytes));
      this.#makeRoom(grown.length - reading.buffer.length, reading);
      reading.buffer.copy(grown, 0, 0, reading.length);
      this.#heldBytes += grown.length - reading.buffer.length;
      reading.buffer = grown;
    }
    reading.buffer.set(chunk, reading.length);
    if (Math.floor(length / PROGRESS_BYTES) > Math.floor(reading.length / PROGRESS_BYTES)) {
      reading.progressAtMs = performance.now();
    }
    reading.length = length;
  }

  #makeRoom(bytes: number, mine: Reading): void {
    while (this.#heldBytes + bytes > this.#limits.budgetBytes) {
      const stalled = this.#mostStalled(mine);
      if (stalled === null) throw overloaded();
      const [request, reading] = stalled;
      this.release(request);
      reading.fail(overloaded());
    }
  }

  /** The unfinished body that has held the most for the longest without progress; null where all make progress. */
  #mostStalled(mine: Reading): readonly [BodyRequest, Reading] | null {
    const nowMs = performance.now();
    let most: readonly [BodyRequest, Reading] | null = null;
    let mostBytesMs = 0;
    for (const [request, reading] of this.#readings) {
      const stalledMs = nowMs - reading.progressAtMs;
      if (reading === mine || reading.isWhole || stalledMs < STALLED_AFTER_MS) continue;
      const bytesMs = reading.buffer.length * stalledMs;
      if (bytesMs > mostBytesMs) [most, mostBytesMs] = [[request, reading], bytesMs];
    }
    return most;
  }

  #look(): void {
    const everyMs = this.#limits.windowMs / LOOKS_A_WINDOW;
    this.#looking ??= setInterval(() => this.#lookAtPace(), everyMs);
    this.#looking.unref();
  }

  #lookAtPace(): void {
    const { windowBytes, withinMs } = this.#limits;
    for (const [request, reading] of this.#readings) {
      if (reading.isWhole) continue;
      const { lengths, length, beganAtMs } = reading;
      const before = lengths.length < LOOKS_A_WINDOW ? undefined : lengths.shift();
      lengths.push(length);
      const isTooSlow = before !== undefined && length - before < windowBytes;
      if (!isTooSlow && performance.now() - beganAtMs < withinMs) continue;
      this.release(request);
      reading.fail(tooSlow());
    }
  }

  #tooLarge(): VezaError {
    const { maxBytes } = this.#limits;
    return new VezaError('payload_too_large', 'A body may have up to 1 MiB.', { max_bytes: maxBytes });
  }
}

const tooSlow = () => new VezaError('body_too_slow', 'The body came too slowly.');

const overloaded = () =>
  new VezaError('overloaded', 'This process is reading as many bodies as it can hold.');

const streamOf = ({ body }: Request): Readable | null =>
  body === null ? null : Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
