import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** Veza's version: package.json has it; the API document, the metrics, the traces and the image repeat it. */
export const VERSION = version;
