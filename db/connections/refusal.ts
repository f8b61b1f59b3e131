import { DatabaseUnavailable, isUnavailable } from '../unavailable.ts';

/**
 * An error of PostgreSQL or its driver, without anybody's values. Codes are PostgreSQL's:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export class DatabaseRefusal extends Error {
  override readonly name = 'DatabaseRefusal';
  readonly code: string;
  readonly constraint_name?: string;
  readonly table_name?: string;
  readonly column_name?: string;

  constructor(message: string, code: string, names: Partial<Record<Named, string>>) {
    super(message);
    this.code = code;
    Object.assign(this, names);
  }
}

type Named = 'constraint_name' | 'table_name' | 'column_name';
const NAMED: readonly Named[] = ['constraint_name', 'table_name', 'column_name'];

/**
 * Classes whose messages name tables, columns and rules, or are our own triggers': none repeats a value. Messages of
 * class 22 do ('invalid input syntax for type uuid: "…"'), and so may those of any class that is not listed.
 */
const SPEAKS_OF_NAMES = /^(?:08|0A|23|25|28|3D|3F|40|42|53|55|57|P0)/;
const CODE = /^[A-Z0-9_]{3,40}$/;

/**
 * Makes an error of the driver safe for logs, rows and histories: leaves out its parameters, detail ("Key
 * (email)=(…)"), position and hint, and its stack, which repeats the message.
 */
export function withoutValues(thrown: unknown): Error {
  if (thrown instanceof DatabaseUnavailable) return thrown;
  const field = (name: string) => {
    const value: unknown = thrown instanceof Error ? Reflect.get(thrown, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const code = field('code') ?? '';
  if (!(thrown instanceof Error) || !CODE.test(code)) {
    return new DatabaseRefusal('the statement could not be sent, or its answer not be read', 'UNSENT', {});
  }
  const names: Partial<Record<Named, string>> = {};
  for (const name of NAMED) {
    const value = field(name);
    if (value !== undefined) names[name] = value;
  }
  const isOfServer = field('severity') !== undefined;
  const speaks = isOfServer ? SPEAKS_OF_NAMES.test(code) : isUnavailable(thrown);
  return new DatabaseRefusal(speaks ? thrown.message : `refused with ${code}`, code, names);
}
