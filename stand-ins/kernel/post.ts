import { setMaxListeners } from 'node:events';
import http from 'node:http';
import https from 'node:https';

export interface Posted {
  status: number;
  body: string;
}

const KEPT_BODY_CHARS = 2_000;

/** Sends exact bytes over connections that close() ends: fetch's shared pool would outlive the sandbox. */
export class Poster {
  readonly #http = new http.Agent({ keepAlive: true, maxSockets: 64 });
  readonly #https = new https.Agent({ keepAlive: true, maxSockets: 64 });
  readonly #abort = new AbortController();

  constructor() {
    // One listener a webhook in flight: many are normal here.
    setMaxListeners(0, this.#abort.signal);
  }

  async post(url: string, body: string, headers: Record<string, string>, timeoutMs: number): Promise<Posted> {
    try {
      return await this.#once(url, body, headers, timeoutMs);
    } catch (error) {
      // The receiver closed an idle connection just as we reused it: nothing was read, so ask again on a fresh one.
      if (!(error instanceof ReusedSocketError) || this.#abort.signal.aborted) throw error;
      return this.#once(url, body, headers, timeoutMs);
    }
  }

  #once(url: string, body: string, headers: Record<string, string>, timeoutMs: number): Promise<Posted> {
    const target = new URL(url);
    const secure = target.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(
        target,
        {
          method: 'POST',
          agent: secure ? this.#https : this.#http,
          signal: this.#abort.signal,
          headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            if (text.length < KEPT_BODY_CHARS) text += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: text.slice(0, KEPT_BODY_CHARS) }),
          );
          response.on('error', reject);
        },
      );
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', (error: NodeJS.ErrnoException) => {
        reject(
          request.reusedSocket && error.code === 'ECONNRESET' ? new ReusedSocketError(error.message) : error,
        );
      });
      request.end(body);
    });
  }

  close(): void {
    this.#abort.abort();
    this.#http.destroy();
    this.#https.destroy();
  }
}

class ReusedSocketError extends Error {}
