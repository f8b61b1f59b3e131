/** The part of a stream that progress needs: standard error, or a test's own. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const BAR_WIDTH = 30;
/** Without a terminal, a line is printed this often. */
const LINE_EVERY_MS = 10_000;
const LINE_EVERY_PART = 0.1;

export interface Progress {
  /** Shows how far it is, if that has changed. */
  show(done: number, total: number): void;
  /** Prints something else on a line of its own. */
  note(text: string): void;
  end(): void;
}

/** A bar on a terminal, lines elsewhere. */
export function startProgress(stream: ProgressStream, what: string): Progress {
  return stream.isTTY ? bar(stream, what) : lines(stream, what);
}

function bar(stream: ProgressStream, what: string): Progress {
  let drawn = '';
  const clear = () => drawn !== '' && stream.write('\r\u001b[K');
  const draw = (text: string) => {
    if (text === drawn) return;
    drawn = text;
    stream.write(`\r\u001b[K${text}`);
  };
  return {
    show(done, total) {
      const part = total === 0 ? 1 : Math.min(done / total, 1);
      const full = Math.round(part * BAR_WIDTH);
      draw(`${what} [${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] ${done}/${total}`);
    },
    note(text) {
      clear();
      stream.write(`${text}\n`);
      drawn = '';
    },
    end() {
      if (drawn !== '') stream.write('\n');
      drawn = '';
    },
  };
}

function lines(stream: ProgressStream, what: string): Progress {
  let said: { readonly done: number; readonly total: number; readonly atMs: number } | null = null;
  return {
    show(done, total) {
      const isNews =
        said === null ||
        total !== said.total ||
        (done === total && done !== said.done) ||
        done - said.done >= total * LINE_EVERY_PART ||
        Date.now() - said.atMs >= LINE_EVERY_MS;
      if (!isNews || (said?.done === done && said.total === total)) return;
      said = { done, total, atMs: Date.now() };
      stream.write(`${what} ${done}/${total}\n`);
    },
    note(text) {
      stream.write(`${text}\n`);
    },
    end() {},
  };
}
