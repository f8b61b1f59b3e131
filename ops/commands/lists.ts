import { parseArgs } from 'node:util';
import { readVariables } from '../../config.ts';
import { queryAt, WORKFLOW_LISTS } from '../../engine/lists/index.ts';
import { listUrl } from '../../operations/links.ts';
import { UsageError } from '../usage.ts';

export const LIST_KEYS = WORKFLOW_LISTS.map(({ key }) => key);

/** `lists [--key K] [--json]`: the lists of Temporal's UI, with links where the UI's address is known. */
export async function lists(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: { key: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  if (values.key !== undefined && !LIST_KEYS.includes(values.key)) {
    throw new UsageError(`--key: expected one of ${LIST_KEYS.join(', ')}`);
  }
  const config = readVariables(env, ['TEMPORAL_UI_URL', 'TEMPORAL_NAMESPACE']);
  const ui = { url: config.TEMPORAL_UI_URL, namespace: config.TEMPORAL_NAMESPACE };
  const now = new Date();
  const wanted = WORKFLOW_LISTS.filter(({ key }) => values.key === undefined || key === values.key).map(
    (list) => {
      const query = queryAt(list, now);
      return { key: list.key, title: list.title, about: list.about, query, url: listUrl(ui, query) };
    },
  );
  if (values.json) return JSON.stringify({ data: wanted });
  const told = wanted.map(({ key, title, about, query, url }) =>
    [`${title} (${key}): ${about}`, `    ${query}`, ...(url === null ? [] : [`    ${url}`])].join('\n'),
  );
  const unknown = 'TEMPORAL_UI_URL is not set: these are queries to paste into that UI';
  return [...told, ...(ui.url === undefined ? [unknown] : [])].join('\n');
}
