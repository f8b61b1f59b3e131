/** Whether an asked path is one of these, or lies below one of them. */
export function amongPaths(paths: readonly string[]): (asked: string) => boolean {
  const known = paths.map((path) => ({ path, below: `${path}/` }));
  return (asked) => known.some(({ path, below }) => asked === path || asked.startsWith(below));
}
