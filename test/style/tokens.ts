// A tokenizer for TypeScript that is good enough to find calls and object keys: TypeScript 7 has no API for it.

export interface Token {
  readonly kind: 'name' | 'punctuation' | 'string' | 'template' | 'number' | 'regexp';
  /** Of a string or template: what is between its quotes, interpolations included. */
  readonly text: string;
  readonly line: number;
}

const NAME = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*/y;
const SPREAD = /\.\.\./y;
/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEXP = new Set([
  ...'(,=:[!&|?{};+-*%~^<>'.split(''),
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'await',
  'yield',
]);

export function tokensOf(source: string, firstLine = 1): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = firstLine;

  const push = (kind: Token['kind'], text: string, end: number) => {
    tokens.push({ kind, text, line });
    skipTo(end);
  };
  const skipTo = (end: number) => {
    for (; at < end; at += 1) if (source[at] === '\n') line += 1;
  };
  const matched = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };

  while (at < source.length) {
    const char = source[at] ?? '';
    if (/\s/.test(char)) skipTo(at + 1);
    else if (source.startsWith('//', at)) skipTo(endOf(source, '\n', at));
    else if (source.startsWith('/*', at)) skipTo(endOf(source, '*/', at + 2));
    else if (char === "'" || char === '"') {
      const end = endOfQuoted(source, at);
      push('string', source.slice(at + 1, end - 1), end);
    } else if (char === '`') {
      const end = endOfTemplate(source, at);
      push('template', source.slice(at + 1, end - 1), end);
    } else if (char === '/' && BEFORE_REGEXP.has(tokens.at(-1)?.text ?? '(')) {
      const end = endOfRegExp(source, at);
      push('regexp', source.slice(at, end), end);
    } else {
      const name = matched(NAME);
      const number = name === undefined ? matched(NUMBER) : undefined;
      const spread = matched(SPREAD);
      if (name !== undefined) push('name', name, at + name.length);
      else if (number !== undefined) push('number', number, at + number.length);
      else push('punctuation', spread ?? char, at + (spread ?? char).length);
    }
  }
  return tokens;
}

/** The code between `${` and `}` of a template's text. */
export function interpolationsOf(template: string): string[] {
  const codes: string[] = [];
  for (let at = 0; at < template.length; at += 1) {
    if (template[at] === '\\') at += 1;
    else if (template.startsWith('${', at)) {
      const end = endOfInterpolation(template, at + 2);
      codes.push(template.slice(at + 2, end - 1));
      at = end - 1;
    }
  }
  return codes;
}

function endOf(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found === -1 ? source.length : found + mark.length;
}

function endOfQuoted(source: string, from: number): number {
  const quote = source[from];
  let at = from + 1;
  while (at < source.length && source[at] !== quote) at += source[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfRegExp(source: string, from: number): number {
  let inClass = false;
  let at = from + 1;
  for (; at < source.length && (inClass || source[at] !== '/'); at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === '[') inClass = true;
    else if (source[at] === ']') inClass = false;
  }
  at += 1;
  while (/[a-z]/.test(source[at] ?? '')) at += 1;
  return at;
}

function endOfTemplate(source: string, from: number): number {
  let at = from + 1;
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '\\') at += 2;
    else if (source.startsWith('${', at)) at = endOfInterpolation(source, at + 2);
    else at += 1;
  }
  return at + 1;
}

/** The place after the brace that closes an interpolation. */
function endOfInterpolation(source: string, from: number): number {
  let at = from;
  for (let depth = 1; at < source.length;) {
    const char = source[at];
    if (char === "'" || char === '"') at = endOfQuoted(source, at);
    else if (char === '`') at = endOfTemplate(source, at);
    else {
      if (char === '{') depth += 1;
      if (char === '}') depth -= 1;
      at += 1;
      if (depth === 0) break;
    }
  }
  return at;
}
