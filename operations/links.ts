export interface TemporalUi {
  /** Absent: the UI's address is not configured. */
  readonly url: string | undefined;
  readonly namespace: string;
}

/** The page of a workflow in Temporal's Web UI: its latest run. Null where the UI's address is not configured. */
export function workflowUrl({ url, namespace }: TemporalUi, workflowId: string): string | null {
  if (url === undefined) return null;
  return `${baseOf(url)}${workflowsPath(namespace)}/${encodeURIComponent(workflowId)}`;
}

/** The list of all workflows that a query finds, in the same UI. Null where the UI's address is not configured. */
export function listUrl({ url, namespace }: TemporalUi, query: string): string | null {
  return url === undefined ? null : `${baseOf(url)}${listPath(namespace, query)}`;
}

/** The path behind the UI's address. */
export const listPath = (namespace: string, query: string): string =>
  `${workflowsPath(namespace)}?query=${encodeURIComponent(query)}`;

const baseOf = (url: string) => url.replace(/\/+$/, '');
const workflowsPath = (namespace: string) => `/namespaces/${encodeURIComponent(namespace)}/workflows`;
