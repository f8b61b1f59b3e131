import { Agent, request } from 'node:http';
import { meterCpu, type Pids } from '../measure/cpu.ts';
import { quantile } from '../measure/figures.ts';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What was measured in one round. */
export type Hammered = Readonly<Record<string, number>>;

/**
 * Makes the calls, so many at a time, over connections that are kept. Every answer has to have the status, or it
 * throws.
 */
export async function hammer(
  calls: readonly Call[],
  {
    concurrency,
    status,
    pids,
  }: { readonly concurrency: number; readonly status: number; readonly pids: Pids },
): Promise<Hammered> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const tookMs: number[] = [];
  const inTurn = calls.values();
  const used = meterCpu(pids);
  const startedMs = performance.now();
  const caller = async () => {
    for (const call of inTurn) {
      const fromMs = performance.now();
      const answered = await send(call, agent);
      if (answered.status !== status)
        throw new Error(`${call.url} answered ${answered.status}: ${answered.text}`);
      tookMs.push(performance.now() - fromMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, caller));
  } finally {
    agent.destroy();
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpu = Object.entries(used()).map(([part, ms]) => [`${part}CpuMs`, ms / calls.length] as const);
  return {
    perSecond: calls.length / seconds,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    ...Object.fromEntries(cpu),
  };
}

/** One call; resolves with whatever it is answered. */
export function send(call: Call, agent?: Agent): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const { method, headers, body } = call;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, ...(agent && { agent }) };
    const sent = request(call.url, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
