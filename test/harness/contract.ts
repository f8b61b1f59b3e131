// Holds what the API answers against its own OpenAPI document, as a client that was generated from it would read it.

type Schema = Readonly<Record<string, unknown>>;

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Answered {
  readonly method: string;
  /** With its query, or without. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

export class Contract {
  readonly #schemas: Document['components']['schemas'];
  readonly #paths: readonly {
    readonly pattern: RegExp;
    readonly operations: Readonly<Record<string, Operation>>;
  }[];

  constructor({ paths, components }: Document) {
    this.#schemas = components.schemas;
    this.#paths = Object.entries(paths)
      // `/statements/me` before `/statements/{id}`.
      .toSorted(([a], [b]) => a.split('{').length - b.split('{').length)
      .map(([path, operations]) => ({
        pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        operations,
      }));
  }

  static async at(apiUrl: string): Promise<Contract> {
    return new Contract((await (await fetch(`${apiUrl}/openapi.json`)).json()) as Document);
  }

  /** What the document does not allow of an answer; empty where it does, and where it knows no such route. */
  faultsOf({ method, path, status, contentType, body }: Answered): string[] {
    const [bare = ''] = path.split('?');
    const known = this.#paths.find(({ pattern }) => pattern.test(bare));
    const operation = known?.operations[method === 'HEAD' ? 'get' : method.toLowerCase()];
    if (operation === undefined) return [];
    const response = operation.responses[String(status)];
    if (response === undefined) return [`${status} is no answer of it`];
    const [type = ''] = contentType.split(';');
    const schema = response.content?.[type]?.schema;
    if (schema === undefined) return [`${status} has no ${type}`];
    return this.#faults(schema, body, 'body');
  }

  #faults(schema: Schema, value: unknown, at: string): string[] {
    if (typeof schema['$ref'] === 'string') {
      return this.#faults(this.#schemas[schema['$ref'].slice('#/components/schemas/'.length)]!, value, at);
    }
    return [
      ...listOf(schema['allOf']).flatMap((part) => this.#faults(part, value, at)),
      ...this.#faultsOfUnion(listOf(schema['anyOf'] ?? schema['oneOf']), value, at),
      ...faultOfType(schema, value, at),
      ...faultOfWord(schema, value, at),
      ...(isObject(value) ? this.#faultsOfObject(schema, value, at) : []),
      ...(Array.isArray(value) && isObject(schema['items'])
        ? value.flatMap((item, index) => this.#faults(schema['items'] as Schema, item, `${at}.${index}`))
        : []),
    ];
  }

  #faultsOfUnion(parts: readonly Schema[], value: unknown, at: string): string[] {
    const faults = parts.map((part) => this.#faults(part, value, at));
    return faults.length === 0 || faults.some((one) => one.length === 0) ? [] : faults.flat();
  }

  #faultsOfObject(schema: Schema, value: Schema, at: string): string[] {
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    const required = (schema['required'] ?? []) as string[];
    const rest = schema['additionalProperties'];
    return [
      ...required.filter((name) => !(name in value)).map((name) => `${at}.${name} is not there`),
      ...Object.entries(value).flatMap(([name, field]) => {
        const inside = properties[name] ?? (isObject(rest) ? rest : undefined);
        if (isObject(inside)) return this.#faults(inside, field, `${at}.${name}`);
        return rest === false ? [`${at}.${name} is not known`] : [];
      }),
    ];
  }
}

const listOf = (value: unknown) => (Array.isArray(value) ? (value as Schema[]) : []);

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function faultOfType({ type }: Schema, value: unknown, at: string): string[] {
  if (type === undefined) return [];
  const allowed = [type].flat() as string[];
  const actual = typeOf(value);
  const isAllowed =
    allowed.includes(actual) ||
    (actual === 'number' && allowed.includes('integer') && Number.isInteger(value));
  return isAllowed ? [] : [`${at} is ${actual}, not ${allowed.join(' or ')}`];
}

function faultOfWord({ enum: words, const: word }: Schema, value: unknown, at: string): string[] {
  const allowed = word === undefined ? words : [word];
  if (!Array.isArray(allowed) || allowed.includes(value)) return [];
  return [`${at} is ${JSON.stringify(value)}, none of ${JSON.stringify(allowed)}`];
}
