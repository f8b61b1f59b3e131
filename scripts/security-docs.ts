import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { V1_ROUTES } from '../api/routes.ts';
import { markdownTable, withPart } from '../ops/markdown.ts';

// `npm run docs:security`: who may call which route, in docs/security.md, from the one statement that enforces it.

/** Every route of the API with whom it lets in, and whether an API key opens it. */
export function rolesTable(): string {
  const rows = V1_ROUTES.map(({ route }) => {
    const isOpen = route.security.length === 0;
    const byKey = route.security.some((scheme) => Object.hasOwn(scheme, 'ApiKeyAuth'));
    const scope = route.method === 'get' ? '`read`' : '`write`';
    const isForAdmins = route['x-roles']?.every((role) => role === 'admin') === true;
    return [
      `\`${route.method.toUpperCase()} ${route.path}\``,
      isOpen
        ? route.path.startsWith('/webhooks')
          ? 'signed webhooks'
          : 'everybody'
        : (route['x-roles']?.join(', ') ?? 'everybody signed in'),
      isOpen ? '–' : byKey ? (isForAdmins ? '`admin`' : scope) : 'never: in person',
    ];
  });
  return markdownTable([['route under `/api/v1`', 'roles', 'scope of an API key'], ...rows]);
}

/** The page with the table between its markers. Throws where they are missing. */
export const withRolesTable = (page: string): string => withPart(page, 'roles', rolesTable());

export const SECURITY_PAGE = fileURLToPath(new URL('../docs/security.md', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(SECURITY_PAGE, withRolesTable(await readFile(SECURITY_PAGE, 'utf8')));
  console.log('wrote the table of docs/security.md');
}
