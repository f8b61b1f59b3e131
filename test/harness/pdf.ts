import { inflateSync } from 'node:zlib';

/**
 * The words of a PDF by pdfkit, as a reader finds and copies them: its streams hold glyphs of embedded fonts, and each
 * font says which characters its glyphs are. A character that the font has not is `\0`.
 */
export function wordsOf(pdf: Buffer): string {
  const file = pdf.toString('latin1');
  const fonts = new Map(
    [...file.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = '', id = '']) => [
      name,
      charactersOf(streamOf(file, /\/ToUnicode (\d+) 0 R/.exec(objectOf(file, id))?.[1] ?? '')),
    ]),
  );
  const words: string[] = [];
  for (const [, id = ''] of file.matchAll(/\/Contents (\d+) 0 R/g)) {
    let font: ReadonlyMap<string, string> | undefined;
    for (const [, name, line = ''] of streamOf(file, id).matchAll(/\/(F\d+) [\d.]+ Tf|\[(.*?)\] TJ/g)) {
      if (name !== undefined) font = fonts.get(name);
      else words.push([...line.matchAll(/<([\da-f]*)>/g)].map(([, hex = '']) => read(font, hex)).join(''));
    }
  }
  return words.join('\n');
}

const objectOf = (file: string, id: string): string =>
  new RegExp(String.raw`\n${id} 0 obj\n([\s\S]*?)\nendobj`).exec(file)?.[1] ?? '';

function streamOf(file: string, id: string): string {
  const stream = /stream\n([\s\S]*)\nendstream$/.exec(objectOf(file, id))?.[1];
  if (stream === undefined) throw new Error(`the PDF has no stream ${id}`);
  return inflateSync(Buffer.from(stream, 'latin1')).toString('latin1');
}

/** Of a font's `ToUnicode`: glyphs, each of four hexadecimal digits, and their characters. */
function charactersOf(toUnicode: string): ReadonlyMap<string, string> {
  const characters = new Map<string, string>();
  for (const [, from = '', list = ''] of toUnicode.matchAll(/<([\da-f]{4})> <[\da-f]{4}> \[(.*?)\]/g)) {
    for (const [place, [, hex = '']] of [...list.matchAll(/<([\da-f ]*)>/g)].entries()) {
      const glyph = (Number.parseInt(from, 16) + place).toString(16).padStart(4, '0');
      characters.set(glyph, Buffer.from(hex.replaceAll(' ', ''), 'hex').swap16().toString('utf16le'));
    }
  }
  return characters;
}

const read = (font: ReadonlyMap<string, string> | undefined, hex: string): string =>
  (hex.match(/.{4}/g) ?? []).map((glyph) => font?.get(glyph) ?? '\0').join('');
