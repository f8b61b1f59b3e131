const AT_ONCE = 10;

/** Does it for all, a few at a time. */
export async function inParallel<T>(
  items: Iterable<T>,
  one: (item: T) => Promise<unknown>,
  atOnce: number = AT_ONCE,
): Promise<void> {
  const inTurn = items[Symbol.iterator]();
  const work = async () => {
    for (let next = inTurn.next(); next.done !== true; next = inTurn.next()) await one(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
