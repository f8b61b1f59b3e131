import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Folder, knows, pathOf, reachOf } from './may.ts';
import { FORBIDDEN, FREE, type Kind, KINDS, NOT_REPLAYED, ROOTS, SUBJECTS, TEST_ROOT } from './table.ts';

interface Pattern {
  readonly regex: string;
  readonly message: string;
  readonly allowTypeImports?: true;
  readonly allowImportNames?: readonly string[];
}

export interface Override {
  readonly files: readonly string[];
  readonly rules: Readonly<Record<string, unknown>>;
}

const UP = '^(?:\\.\\./)+';
const INDEX = 'index.ts';
const WATCHED: Pattern = {
  regex: '^(?:prom-client|@opentelemetry/)',
  message: 'Metrics and traces are made in observe/, of what hooks tell it.',
};
const oneOf = (names: readonly string[]) => `(?:${names.join('|')})`;

/** A pattern for all that begins with none of these names: regular expressions of this linter cannot look ahead. */
function noneOf(names: readonly string[]): string {
  const begun = new Set(names.flatMap((name) => Array.from(name, (_, length) => name.slice(0, length))));
  return oneOf(
    [...begun].map((start) => {
      const next = names.filter((name) => name.startsWith(start)).map((name) => name.charAt(start.length));
      return `${start.replaceAll('.', '\\.')}[^${[...new Set(next)].join('')}]`;
    }),
  );
}

/** The folders of subjects that a kind has today. */
export const subjectFolders = (root: string): (Folder & { readonly subject: string })[] =>
  Object.entries(KINDS).flatMap(([kind, { hasSubjects }]) =>
    hasSubjects
      ? SUBJECTS.filter((subject) => existsSync(join(root, kind, subject))).map((subject) => ({
          kind,
          subject,
        }))
      : [],
  );

/** What no file of a kind may import, for any subject. */
function kindPatterns(name: string, kind: Kind): Pattern[] {
  const others = Object.keys(KINDS).filter((other) => other !== name && !other.includes('/'));
  const known = others.map((other) => [other, partsOf(kind, other)] as const);
  const inPart = known.filter(([, parts]) => parts.length > 0);
  const hidden = known.filter(([other, parts]) => knows(name, other) === 'nothing' && parts.length === 0);
  const typesOnly = others.filter((other) => knows(name, other) === 'types');
  const closedRoots = ROOTS.filter((root) => !kind.roots?.includes(root) && !kind.rootTypes?.includes(root));
  return [
    kind.packages ?? WATCHED,
    { regex: `${UP}${oneOf([...hidden.map(([other]) => other), ...FREE])}(?:/|$)`, message: kind.message },
    ...typesOnly.map((other): Pattern => {
      const file = kind.values?.[other];
      const rest = file === undefined ? '(?:/|$)' : `/(?:[^/]*$|[^/]*/(?:${noneOf([file])}|[^/]*/))`;
      return { regex: `${UP}${other}${rest}`, allowTypeImports: true, message: kind.message };
    }),
    ...inPart.map(([other, parts]) => ({ regex: `${UP}${other}/${noneOf(parts)}`, message: kind.message })),
    // A part's way to the rest of its folder names no kind.
    ...(name.includes('/') ? [{ regex: '^\\.\\./[^.]', message: kind.message }] : []),
    ...(kind.rootTypes
      ? [
          {
            regex: `${UP}${oneOf(kind.rootTypes)}\\.ts$`,
            allowTypeImports: true,
            message: kind.message,
          } as const,
        ]
      : []),
    {
      regex: `${UP}${oneOf(closedRoots)}\\.ts$`,
      message: 'A composition root, or a setting that roots hand down.',
    },
  ];
}

/** What a kind may import of another, of which it does not know the rest: `port/`, `codec.ts`. */
const partsOf = (kind: Kind, other: string) =>
  kind.knows
    .filter((known) => known.startsWith(`${other}/`))
    .map((known) => known.slice(other.length + 1) + (known.endsWith('.ts') ? '' : '/'));

/** What the files of a folder may not import of subjects. */
function subjectPatterns(from: Folder): Pattern[] {
  const withSubjects = Object.keys(KINDS).filter(
    (kind) => KINDS[kind]?.hasSubjects && knows(from.kind, kind) !== 'nothing',
  );
  return withSubjects.flatMap((kind) => {
    // A path within the kind does not name it, unless it goes over the top.
    const to = kind === from.kind ? `${UP}(?:${kind}/)?` : `${UP}${kind}/`;
    const reach = (wanted: string) =>
      SUBJECTS.filter((subject) => reachOf(from, { kind, subject }) === wanted);
    const [closed, indexed] = [reach('nothing'), reach('index')];
    const { values, openFiles = [] } = KINDS[from.kind] ?? {};
    const open = noneOf([INDEX, values?.[kind] ?? INDEX, ...(kind === from.kind ? openFiles : [])]);
    return [
      ...(closed.length > 0
        ? [{ regex: `${to}${oneOf(closed)}/`, message: 'A subject knows no higher subject, and no peer.' }]
        : []),
      ...(indexed.length > 0
        ? [
            {
              regex: `${to}${oneOf(indexed)}/${open}`,
              message: "Another subject is known by its folder's index.ts alone.",
            },
          ]
        : []),
    ];
  });
}

function override(files: readonly string[], from: Folder, kind: Kind): Override {
  const special = FORBIDDEN.filter(({ folder }) => folder === pathOf(from)).map(
    ({ regex, message, allowImportNames }): Pattern => ({
      regex,
      message,
      ...(allowImportNames && { allowImportNames }),
    }),
  );
  const patterns = [...kindPatterns(from.kind, kind), ...special, ...subjectPatterns(from)].filter(
    ({ regex }) => regex !== '^$',
  );
  return {
    files,
    rules: {
      'eslint/no-restricted-imports': ['error', { patterns }],
      ...(from.kind === 'workflows' && {
        'eslint/no-restricted-globals': [
          'error',
          ...NOT_REPLAYED.map((name) => ({
            name,
            message: 'Not in replayed code: use @temporalio/workflow, or an activity.',
          })),
        ],
      }),
    },
  };
}

/**
 * One override for each folder, and each file under one only: in this linter a later override replaces an earlier one
 * whole. `root` is where the folders are.
 */
export function wallOverrides(root: string): Override[] {
  const folders = subjectFolders(root);
  return [
    ...Object.entries(KINDS).flatMap(([name, kind]) => {
      const own = folders.filter((folder) => folder.kind === name);
      const walled = own.map((folder) => override([`${pathOf(folder)}/**`], folder, kind));
      // What belongs to no subject comes first, so that a subject's override, the later one, is the one that counts.
      return [override([`${name}/**`], { kind: name }, kind), ...walled];
    }),
    rootOverride('./*.ts', [...FREE, 'stack', 'stand-ins']),
    rootOverride(`./${TEST_ROOT}`, [...FREE.filter((free) => free !== 'test'), 'stack', 'stand-ins']),
  ];
}

/** Of files at the top: a later one replaces an earlier one. */
const rootOverride = (file: string, closed: readonly string[]): Override => ({
  files: [file],
  rules: {
    'eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          WATCHED,
          {
            regex: `^\\./${oneOf(closed)}(?:/|$)`,
            message: 'Roots wire production together: no stand-ins, no tests.',
          },
        ],
      },
    ],
  },
});
