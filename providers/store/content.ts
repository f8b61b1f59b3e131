import { StoreFault } from '../../domain/kernel/index.ts';

/**
 * The content's pieces, until it ends or is told to. Content that hangs is left, and not waited for: it learns by its
 * `return`. With `timeoutMs` a piece that takes longer is a fault of the store that sends it.
 */
export async function* piecesOf(
  content: AsyncIterable<Uint8Array>,
  { signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs?: number } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  const iterator = content[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const step = await within(iterator.next(), signal, timeoutMs);
      if (step.done === true) {
        isOver = true;
        return;
      }
      yield step.value;
    }
  } finally {
    if (!isOver) iterator.return?.().catch(() => undefined);
  }
}

/** A promise of its own each time: one that lives as long as the content would keep every piece's. */
function within<T>(
  step: Promise<T>,
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(reasonOf(signal));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => reject(new StoreFault('unavailable')), timeoutMs);
    step.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    });
  });
}

const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError');
