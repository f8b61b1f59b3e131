import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// `npm run lock:complete`, after every change of a dependency: some registries do not serve the optional binaries of
// other platforms. `npm install` then leaves them out of package-lock.json, and `npm ci` refuses the file. This adds
// them, at the versions that their parents pin.

interface Entry {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly engines?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const SYSTEMS = [
  'darwin',
  'linux',
  'win32',
  'freebsd',
  'android',
  'openharmony',
  'netbsd',
  'openbsd',
  'sunos',
  'aix',
];
const PROCESSORS: Readonly<Record<string, string>> = {
  x64: 'x64',
  arm64: 'arm64',
  ia32: 'ia32',
  arm: 'arm',
  armv7: 'arm',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
};

const file = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };

let added = 0;
for (const [path, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    if (isLocked(path, name)) continue;
    const platform = platformOf(name);
    if (platform === null || !/^\d/.test(version)) {
      console.log(`left out: ${name} ${version} of ${path}`);
      continue;
    }
    const { dev, license, engines } = parent;
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platform,
      ...(dev && { dev }),
      ...(license !== undefined && { license }),
      optional: true,
      ...(engines && { engines }),
    } as Entry;
    added += 1;
  }
}

const [root, ...others] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root!, ...others.toSorted(([a], [b]) => a.localeCompare(b, 'en'))]);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages of other platforms added to package-lock.json`);

/** As node resolves it: in the package's own folder, then in each one above. */
function isLocked(path: string, name: string): boolean {
  if (lock.packages[`${path === '' ? '' : `${path}/`}node_modules/${name}`]) return true;
  if (path === '') return false;
  return isLocked(
    path.includes('/node_modules/') ? path.slice(0, path.lastIndexOf('/node_modules/')) : '',
    name,
  );
}

/** Packages of binaries say their platform in their names: `@oxlint/binding-linux-arm64-musl`. */
function platformOf(name: string) {
  const words = (name.split('/').at(-1) ?? '').replace(/^(binding|core)-/, '').split('-');
  const os = SYSTEMS.find((system) => words.includes(system));
  const cpu = words.flatMap((word) => PROCESSORS[word] ?? [])[0];
  if (os === undefined || cpu === undefined) return null;
  const gnu = os === 'linux' && words.some((word) => word.startsWith('gnu'));
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : gnu ? ['glibc'] : undefined;
  return { cpu: [cpu], ...(libc && { libc }), os: [os] };
}
