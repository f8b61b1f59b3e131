export interface TemporalUi {
  /** Absent: nobody said where it is. */
  readonly url: string | undefined;
  readonly namespace: string;
}

/** The page of a workflow in Temporal's Web UI: its latest run. Null where nobody said where that is. */
export function workflowUrl({ url, namespace }: TemporalUi, workflowId: string): string | null {
  if (url === undefined) return null;
  const base = url.replace(/\/+$/, '');
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
