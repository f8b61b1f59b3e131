/** A table aligned as oxfmt aligns it, so that formatting the file changes nothing. The first row is the head. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [head = '', ...body] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  );
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}

/** A document with this between its markers `<!-- name:start -->` and `<!-- name:end -->`. Throws where it has none. */
export function withPart(document: string, name: string, part: string): string {
  const [startMark, endMark] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const start = document.indexOf(startMark);
  const end = document.indexOf(endMark);
  if (start === -1 || end < start) throw new Error(`there are no lines ${startMark} and ${endMark}`);
  return `${document.slice(0, start + startMark.length)}\n\n${part}\n\n${document.slice(end)}`;
}
