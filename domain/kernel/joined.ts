type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/**
 * All parts in one, as a spread would make it. Throws where two of them have the same name: a spread would keep the last one
 * without a word. `what`: what they are, in the plural.
 */
export function joined<Parts extends readonly object[]>(
  what: string,
  ...parts: Parts
): Intersection<Parts[number]> {
  const all: Record<string, unknown> = {};
  for (const [name, one] of parts.flatMap((part) => Object.entries(part))) {
    if (Object.hasOwn(all, name)) throw new Error(`two ${what} are called ${name}`);
    all[name] = one;
  }
  return all as Intersection<Parts[number]>;
}
