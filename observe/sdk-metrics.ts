import type { MetricsBuffer } from '@temporalio/worker';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds: from the time of a local activity to that of a workflow that waits for a bank. */
const LATENCY_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600, 3_600, 86_400];
/** The SDK drops what its buffer cannot hold between two drains. */
export const DRAIN_EVERY_MS = 1_000;

type Update = ReturnType<MetricsBuffer['retrieveUpdates']> extends Iterable<infer One> ? One : never;
/**
 * The labels of the SDK's metrics. prom-client has to know a metric's labels when the metric is made; a label that a
 * later SDK adds is left out until it stands here.
 */
const LABELS = [
  'namespace',
  'task_queue',
  'workflow_type',
  'activity_type',
  'operation',
  'status_code',
  'failure_reason',
  'poller_type',
  'worker_type',
  'eager',
] as const;
type Label = (typeof LABELS)[number];
type Labels = Partial<Record<Label, string>>;

/**
 * The SDK's own metrics in our registry. Its native exporter needs a port of its own, and ends the process where that
 * is taken. Its buffer gives each measurement instead, so that one address shows everything of a process. Names are
 * those of the native exporter with its suffixes: counters end in `_total`, durations in `_seconds`.
 */
export function createSdkMetrics(registry: Registry, buffer: MetricsBuffer) {
  const known = new Map<string, (labels: Labels, value: number) => void>();

  function make({ metric }: Update): (labels: Labels, value: number) => void {
    const help = metric.description || `Temporal's SDK: ${metric.name}`;
    const common = { help, labelNames: LABELS, registers: [registry] };
    switch (metric.kind) {
      case 'counter': {
        const name = metric.name.endsWith('_total') ? metric.name : `${metric.name}_total`;
        const counter = new Counter({ ...common, name });
        return (labels, value) => counter.inc(labels, value);
      }
      case 'histogram': {
        const name = metric.unit === 's' ? `${metric.name}_seconds` : metric.name;
        const histogram = new Histogram({ ...common, name, buckets: LATENCY_BUCKETS });
        return (labels, value) => histogram.observe(labels, value);
      }
      case 'gauge': {
        const gauge = new Gauge({ ...common, name: metric.name });
        return (labels, value) => gauge.set(labels, value);
      }
      case 'up-down-counter': {
        const gauge = new Gauge({ ...common, name: metric.name });
        return (labels, value) => gauge.inc(labels, value);
      }
    }
  }

  return {
    drain(): void {
      for (const update of buffer.retrieveUpdates()) {
        const { name, kind } = update.metric;
        const add = known.get(`${kind} ${name}`) ?? make(update);
        known.set(`${kind} ${name}`, add);
        add(labelsOf(update.attributes), update.value);
      }
    },
  };
}

function labelsOf(attributes: Update['attributes']): Labels {
  const labels: Labels = {};
  for (const label of LABELS) {
    const value = attributes[label];
    if (value !== undefined) labels[label] = String(value);
  }
  return labels;
}
