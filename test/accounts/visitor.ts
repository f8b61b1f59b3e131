import type { AnswerBody } from './support.ts';

export interface VisitorAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: AnswerBody;
}

/** Somebody at a device, over HTTP: it keeps its cookies and its token, and every problem document that it was answered. */
export class Visitor {
  readonly #apiUrl: () => string;
  readonly #headers: Readonly<Record<string, string>>;
  #cookies = new Map<string, string>();
  token: string | null = null;
  csrfToken: string | null = null;
  readonly problems: string[] = [];

  /** `ip` counts where the API trusts whoever connects from this machine. */
  constructor(
    apiUrl: () => string,
    { ip, browser }: { readonly ip?: string; readonly browser?: string } = {},
  ) {
    this.#apiUrl = apiUrl;
    this.#headers = {
      ...(ip !== undefined && { 'x-forwarded-for': ip, 'x-forwarded-proto': 'https' }),
      ...(browser !== undefined && { 'user-agent': browser }),
    };
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  forgetCookies(): void {
    this.#cookies = new Map();
  }

  /** One call below /api/v1. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<VisitorAnswer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(`${this.#apiUrl()}/api/v1${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...this.#headers,
        ...(this.token !== null && { authorization: `Bearer ${this.token}` }),
        ...(cookie !== '' && { cookie }),
        ...(this.csrfToken !== null && { 'x-csrf-token': this.csrfToken, origin: 'https://shop.example' }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [name = '', value = ''] = set.split(';')[0]?.split('=') ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    if (response.headers.get('content-type')?.includes('problem+json') === true) this.problems.push(text);
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? (JSON.parse(text) as AnswerBody) : ({} as AnswerBody),
    };
  }

  post = (path: string, body?: unknown) => this.call('POST', path, body);
}
