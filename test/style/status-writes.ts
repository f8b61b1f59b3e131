import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import * as schema from '../../db/schema.ts';
import { interpolationsOf, type Token, tokensOf } from './tokens.ts';

export interface StatusWrite {
  readonly line: number;
  readonly what: string;
}

const tables = Object.entries(schema).flatMap(([name, value]) =>
  is(value, PgTable) ? [{ name, table: value }] : [],
);
const hasStatus = (table: PgTable) => 'status' in getTableColumns(table);

/** Names of tables that no machine moves. A name that is neither of these nor of those is judged as a machine's. */
const STATELESS = new Set(tables.filter(({ table }) => !hasStatus(table)).map(({ name }) => name));
/** As SQL knows them: `seller_transfers`. */
export const MACHINE_TABLES = tables
  .filter(({ table }) => hasStatus(table))
  .map(({ table }) => getTableName(table));

/**
 * Places of a TypeScript source that write the status of a machine's row, or that write such a row in a way that cannot
 * be judged: by drizzle's builders and by SQL in strings.
 */
export function statusWritesIn(source: string, firstLine = 1): StatusWrite[] {
  const tokens = tokensOf(source, firstLine);
  const found: StatusWrite[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'string' || token.kind === 'template') {
      if (writesStatusInSql(token.text)) found.push({ line: token.line, what: 'SQL that writes a status' });
    }
    if (token.kind === 'template') {
      for (const code of interpolationsOf(token.text)) found.push(...statusWritesIn(code, token.line));
    }
    if (isCall(tokens, index, 'update')) found.push(...judgeUpdate(tokens, index));
    if (isCall(tokens, index, 'insert')) found.push(...judgeInsert(tokens, index));
  }
  return found;
}

const STATUS_COLUMN = String.raw`(?:"?\bstatus"?|\$\{[^}]*\bstatus\b[^}]*\})\s*`;
const SET_STATUS = new RegExp(
  String.raw`\bset\b(?:(?!\bwhere\b|\bfrom\b|;)[\s\S])*?(?:${STATUS_COLUMN}=[^=]|\([^)]*${STATUS_COLUMN}[,)])`,
  'i',
);
const INSERT_STATUS = new RegExp(
  String.raw`\b(?:insert\s+into|merge\s+into|copy)\s+(?:"?public"?\.)?(?:"?(?:${MACHINE_TABLES.join('|')})"?|\$\{[^}]*\})\s*(?:as\s+\w+\s*)?\([^)]*${STATUS_COLUMN}[,)]`,
  'i',
);

/** Of SQL by itself: a migration, or a string that holds it. */
export function writesStatusInSql(text: string): boolean {
  const withoutComments = text.replace(/--(?!> )[^\n]*/g, '').replace(/\/\*[\s\S]*?\*\//g, '');
  const updates = /\bupdate\b/i.test(withoutComments) && SET_STATUS.test(withoutComments);
  return updates || INSERT_STATUS.test(withoutComments);
}

function judgeUpdate(tokens: readonly Token[], index: number): StatusWrite[] {
  const { line } = tokens[index]!;
  const table = tableOf(tokens, index);
  if (STATELESS.has(table)) return [];
  const set = chained(tokens, index, 'set');
  if (set === undefined) {
    // `createHash('sha256').update(bytes)` updates no table.
    return MACHINE_NAMES.has(table) ? [{ line, what: `update(${table}) without a set() to be judged` }] : [];
  }
  return judgeValues(set, line, `update(${table})`);
}

function judgeInsert(tokens: readonly Token[], index: number): StatusWrite[] {
  const { line } = tokens[index]!;
  const table = tableOf(tokens, index);
  if (STATELESS.has(table)) return [];
  const values = chained(tokens, index, 'values');
  if (values === undefined) {
    return MACHINE_NAMES.has(table) ? [{ line, what: `insert(${table}) without values() to be judged` }] : [];
  }
  const upsert = chained(tokens, index, 'onConflictDoUpdate');
  return [
    ...judgeValues(values, line, `insert(${table})`),
    ...(upsert === undefined ? [] : judgeValues(upsert, line, `upsert(${table})`)),
  ];
}

const MACHINE_NAMES = new Set(tables.filter(({ table }) => hasStatus(table)).map(({ name }) => name));

function judgeValues(values: readonly Token[], line: number, what: string): StatusWrite[] {
  if (!values.some(({ text, kind }) => kind === 'punctuation' && text === '{')) {
    return [{ line, what: `${what} with values that cannot be judged` }];
  }
  const writes = values.flatMap((token, at) => {
    const before = values[at - 1]?.text ?? '';
    const after = values[at + 1]?.text ?? '';
    if (isStatusKey(token, before, after)) return [`${what} writes status`];
    if (token.kind === 'punctuation' && token.text === '...') return judgeSpread(values.slice(at + 1), what);
    return [];
  });
  return writes.map((write) => ({ line, what: write }));
}

/** `{ status: … }`, `{ status }`, `{ 'status': … }`, `{ ['status']: … }`; not `row.status` nor `a ? status : b`. */
function isStatusKey(token: Token, before: string, after: string): boolean {
  if (token.text !== 'status' || token.kind === 'template') return false;
  if (before === '[' && after === ']') return true;
  return ['{', ','].includes(before) && [':', ',', '}', '('].includes(after);
}

/** `...(condition && { … })` shows its keys; `...row` could carry a status. */
function judgeSpread(rest: readonly Token[], what: string): string[] {
  const [first] = rest;
  if (first?.text === '(') {
    const inner = argumentsFrom(rest, 0);
    if (inner.some(({ text }) => text === '{')) return [];
  }
  if (first?.text === '{') return [];
  return [`${what} spreads ${first?.text ?? 'nothing'}`];
}

function isCall(tokens: readonly Token[], index: number, name: string): boolean {
  return (
    tokens[index]?.text === name &&
    tokens[index]?.kind === 'name' &&
    tokens[index - 1]?.text === '.' &&
    tokens[index + 1]?.text === '('
  );
}

/** The last name of what a builder is called with: `schema.orders` is `orders`. */
function tableOf(tokens: readonly Token[], index: number): string {
  return argumentsFrom(tokens, index + 1).findLast(({ kind }) => kind === 'name')?.text ?? '';
}

/** The arguments of a later call in the same chain: `.update(orders).set(…)`. */
function chained(tokens: readonly Token[], index: number, name: string): Token[] | undefined {
  let at = index + 1;
  for (;;) {
    const next = at + argumentsFrom(tokens, at).length + 2;
    if (tokens[next]?.text !== '.' || tokens[next + 2]?.text !== '(') return undefined;
    if (tokens[next + 1]?.text === name) return argumentsFrom(tokens, next + 2);
    at = next + 2;
  }
}

/** The tokens between a bracket and the one that closes it. */
function argumentsFrom(tokens: readonly Token[], open: number): Token[] {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    const { kind, text } = tokens[at]!;
    if (kind !== 'punctuation') continue;
    if ('([{'.includes(text)) depth += 1;
    if (')]}'.includes(text)) depth -= 1;
    if (depth === 0) return tokens.slice(open + 1, at);
  }
  return tokens.slice(open + 1);
}
