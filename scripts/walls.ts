import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { wallOverrides } from './walls/overrides.ts';

// `npm run walls`: writes the lint rules that scripts/walls/table.ts calls for.

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const overrides = wallOverrides(ROOT);
await writeFile(`${ROOT}.oxlintrc.walls.json`, JSON.stringify({ overrides }, null, 2));
console.log(`wrote ${overrides.length} walls to .oxlintrc.walls.json`);
