import { type Content, html, type Html } from '../html.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Content;
  /** Amounts and counts line up on the right. */
  readonly isNumber?: boolean;
}

/**
 * A table; its first column names the row. On narrow screens each row becomes a block whose cells carry their column's
 * title, which takes a table's roles away from it: they are said in so many words.
 */
export function table<Row>({
  caption,
  columns,
  rows,
  empty,
}: {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** What to say where there are none. */
  readonly empty: Content;
}): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const kind = ({ isNumber }: Column<Row>) => (isNumber === true ? 'number' : 'text');
  return html`<table role="table">
    <caption class="unseen">
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((column) => html`<th role="columnheader" scope="col" class="${kind(column)}">${column.title}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (row) =>
          html`<tr role="row">
            ${columns.map((column, index) =>
              index === 0
                ? html`<th role="rowheader" scope="row" class="${kind(column)}">${column.cell(row)}</th>`
                : html`<td role="cell" class="${kind(column)}" data-title="${column.title}">
                    <div>${column.cell(row)}</div>
                  </td>`,
            )}
          </tr>`,
      )}
    </tbody>
  </table>`;
}
