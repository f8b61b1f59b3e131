/**
 * Lets a workflow's local activities run one after another, of its handlers too. A replay resolves those that ran side by
 * side in the order in which they were begun, not in that in which they ended: what followed would not be the history's.
 */
export function takingTurns(): <Result>(verb: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (verb) => {
    const own = last.then(verb);
    last = own.catch(() => undefined);
    return own;
  };
}
