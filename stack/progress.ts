/** Where long work reports what it does: `say` for lines that stay, `tick` for a line that is overwritten. */
export interface Progress {
  say(line: string): void;
  tick(line: string): void;
}

/** Without a terminal a tick is a line of its own, so it may come only this often. */
const PLAIN_TICK_EVERY_MS = 10_000;

export const silent: Progress = { say() {}, tick() {} };

export function consoleProgress(out: NodeJS.WriteStream = process.stderr): Progress {
  return out.isTTY ? terminalProgress(out) : plainProgress(out);
}

function terminalProgress(out: NodeJS.WriteStream): Progress {
  const clear = '\r\u001b[2K';
  return {
    say: (line) => void out.write(`${clear}${line}\n`),
    tick: (line) => void out.write(`${clear}${line.slice(0, (out.columns || 80) - 1)}`),
  };
}

function plainProgress(out: NodeJS.WriteStream): Progress {
  let lastTickMs = 0;
  return {
    say: (line) => void out.write(`${line}\n`),
    tick: (line) => {
      if (Date.now() - lastTickMs < PLAIN_TICK_EVERY_MS) return;
      lastTickMs = Date.now();
      out.write(`${line}\n`);
    },
  };
}
