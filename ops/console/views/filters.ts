import { words } from '../format.ts';
import { type Content, html, type Html } from '../html.ts';

/** A form of filters: an address that can be kept and sent to somebody. */
export const filters = (action: string, fields: Content): Html =>
  html`<form class="filters" action="${action}">
    ${fields}
    <div><button>Show</button></div>
  </form>`;

export function select(
  name: string,
  label: string,
  options: readonly (readonly [value: string, title: string])[],
  chosen: string | undefined,
): Html {
  return html`<div>
    <label for="f-${name}">${label}</label>
    <select id="f-${name}" name="${name}">
      ${options.map(
        ([value, title]) =>
          html`<option value="${value}" ${value === (chosen ?? '') ? html`selected` : null}>
            ${title}
          </option>`,
      )}
    </select>
  </div>`;
}

/** Options of names, after one that leaves it open. */
export const anyOf = (names: readonly string[]): (readonly [string, string])[] => [
  ['', 'any'],
  ...names.map((name) => [name, words(name)] as const),
];

export function textField(name: string, label: string, value: string | undefined, hint = ''): Html {
  return html`<div>
    <label for="f-${name}">${label}</label>
    <input id="f-${name}" name="${name}" value="${value ?? ''}" placeholder="${hint}" autocomplete="off" />
  </div>`;
}

/** To the next page, where there is one; `next` is its address. */
export const pager = (next: string | null, shown: string): Html =>
  html`<div class="more">
    <span class="muted">${shown}</span>
    ${next !== null && html`<a class="button" href="${next}" rel="next">Next page</a>`}
  </div>`;
