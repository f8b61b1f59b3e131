/** What was done, and what came out differently: the paths of model and rows. */
export function told({ commands }: { readonly commands: readonly string[] }, error: unknown): string {
  const { expected, actual } = error as { expected?: unknown; actual?: unknown };
  const [wanted, found] = [paths(expected), paths(actual)];
  const differing = [...new Set([...wanted.keys(), ...found.keys()])]
    .filter((path) => wanted.get(path) !== found.get(path))
    .map((path) => `${path}: the model ${wanted.get(path)}, the rows ${found.get(path)}`);
  const lines = [...commands, String(error instanceof Error ? error.message : error), ...differing];
  return `after ${commands.length} commands:\n  ${lines.join('\n  ')}`;
}

function paths(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) return into.set(path, JSON.stringify(value));
  for (const [name, inner] of Object.entries(value)) paths(inner, `${path}/${name}`, into);
  return into;
}
