// Who may know whom: the one table of kinds and ranks. `npm run walls` makes lint rules of it, and test/style/walls.test.ts
// sees an import of every forbidden pair fail.

/** A folder at the top, or a part of one that stands behind a wall of its own. */
export interface Kind {
  /** Kinds that it may import, whole or in part: a folder or a file of theirs. */
  readonly knows: readonly string[];
  /** Kinds of which it may import types alone. */
  readonly types?: readonly string[];
  /** Of a kind of which it may import types alone: the file of each subject that it may import whole. */
  readonly values?: Readonly<Record<string, string>>;
  /** The message for an import of another kind. */
  readonly message: string;
  /** Has a folder for each subject. */
  readonly hasSubjects?: true;
  /** Files of a lower subject that its own files may import besides the index. */
  readonly openFiles?: readonly string[];
  /** Roots (files at the top) that it may import. */
  readonly roots?: readonly string[];
  /** Roots of which it may import types alone. */
  readonly rootTypes?: readonly string[];
  /** Packages that it may not import, as a regular expression, and why. */
  readonly packages?: { readonly regex: string; readonly message: string };
}

const WEBHOOKS = 'providers/webhooks';
const PORT = 'engine/port';

export const KINDS: Readonly<Record<string, Kind>> = {
  domain: {
    knows: [],
    message: 'The domain imports nothing.',
    hasSubjects: true,
    packages: { regex: '^[^.]', message: 'The domain imports nothing: no packages, no node:*.' },
  },
  workflows: {
    knows: ['domain'],
    types: ['activities'],
    message: 'Workflows know the domain, and the types of activities: they call those through a proxy.',
    hasSubjects: true,
    packages: {
      regex: '^(?:[^.@]|@(?:[^t]|t[^e])|@temporalio/(?:[^cw]|c[^o]|w[^o]|work[^f]|common/|workflow/))',
      message:
        'Workflow code is replayed: of packages only @temporalio/workflow and @temporalio/common, and no node:*.',
    },
  },
  db: {
    knows: ['domain'],
    message: 'The database knows the domain alone.',
    hasSubjects: true,
    // A table refers to tables and not to what is done with them: the type of a transaction is made of all tables.
    openFiles: ['schema.ts', 'columns.ts'],
  },
  providers: { knows: ['domain'], message: 'Providers know the domain alone.' },
  engine: {
    knows: ['domain'],
    types: ['workflows'],
    values: { workflows: 'messages.ts' },
    message:
      'The engine knows the domain, and of workflows their types and their messages: it starts them by name.',
  },
  [PORT]: { knows: ['domain'], message: 'The port of the engine knows the domain alone.' },
  activities: {
    knows: ['domain', 'db', 'providers', PORT],
    message: "Activities know the domain, the database, providers and the engine's port.",
    hasSubjects: true,
    rootTypes: ['config'],
  },
  comparison: {
    knows: ['domain', 'db', 'providers'],
    message: 'The comparison with providers knows the domain, the database and the providers.',
  },
  inbox: {
    knows: ['domain', 'db', PORT, WEBHOOKS],
    message:
      "The inbox knows the domain, the database, the engine's port, and of providers only their webhooks.",
  },
  operations: {
    knows: ['domain', 'db', PORT, 'inbox', WEBHOOKS],
    message:
      "What operators may do knows the domain, the database, the engine's port, the inbox, and of providers only their webhooks.",
    hasSubjects: true,
  },
  api: {
    knows: ['domain', 'db', PORT, 'engine/codec.ts', 'inbox', 'operations', WEBHOOKS],
    message:
      "The API knows the domain, the database, the engine's port and codec, the inbox, operations, and of providers only their webhooks.",
    hasSubjects: true,
    roots: ['config', 'log', 'request-bodies', 'trusted-proxies'],
  },
  ops: {
    knows: ['domain', 'db', 'engine', 'inbox', 'operations', 'comparison', WEBHOOKS],
    message:
      'Ops knows the domain, the database, the engine, the inbox, operations, the comparison with providers, and of providers only their webhooks.',
    roots: ['config', 'log', 'request-bodies', 'trusted-proxies'],
  },
  observe: {
    knows: ['domain', 'db'],
    types: ['api', 'workflows'],
    message: 'Observing knows the domain and the database, and the types of what it watches.',
    rootTypes: ['config'],
    // The one kind that makes metrics and traces.
    packages: { regex: '^$', message: '' },
  },
  config: {
    knows: ['domain', 'db', 'providers'],
    message:
      'The variables of the environment know the domain, the limits of the database, and which keys providers take.',
    roots: ['trusted-proxies'],
  },
  'stand-ins': { knows: [], message: 'The stand-ins for providers import nothing of Veza.' },
  stack: { knows: [], message: 'The embedded services import nothing of Veza.' },
};

/** Kinds that may import everything, and that nothing but they and the tests imports. */
export const FREE = ['bench', 'sandbox', 'scripts', 'test'] as const;

/** Files at the top: composition roots, and settings that roots hand down. */
export const ROOTS = ['config', 'log', 'request-bodies', 'server', 'trusted-proxies', 'worker'] as const;

/** The one file at the top that knows tests: it runs them. */
export const TEST_ROOT = 'vitest.config.ts';

/** Subjects, lower ones first. Those of one rank are peers, and do not know each other. */
export const RANKS: readonly (readonly string[])[] = [
  ['kernel'],
  ['accounts'],
  ['approvals'],
  ['ledger'],
  ['webhooks'],
  ['catalog'],
  ['sellers'],
  ['marketplace'],
  ['payouts'],
  ['subscriptions'],
  ['distribution', 'royalties', 'courses'],
  ['reconcile', 'settlements'],
  ['privacy'],
  ['operators'],
  ['analytics'],
  ['upkeep'],
];

export const SUBJECTS: readonly string[] = RANKS.flat();

/** Files that know a higher subject all the same, each with its reason. The list should only become shorter. */
export const EXCEPTIONS: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  {
    from: 'api/accounts',
    to: 'api/approvals',
    why: 'a key for somebody else is shown as the approval that it waits for',
  },
];

/** Further forbidden imports of a folder, as regular expressions. */
export const FORBIDDEN: readonly {
  readonly folder: string;
  readonly regex: string;
  readonly allowImportNames?: readonly string[];
  readonly message: string;
}[] = [
  {
    folder: 'activities/reconcile',
    regex: '^(?:\\.{1,2}/)+providers/hyperswitch/client\\.ts$',
    allowImportNames: ['HyperswitchReader'],
    message: "Of the PSP's client a sweep knows the reading half alone.",
  },
  {
    folder: 'activities/reconcile',
    regex: '^(?:\\.{1,2}/)+providers/stripe(?:/|$)|^\\.\\./deps\\.ts$',
    message: 'A sweep creates nothing: see activities/reconcile/deps.ts.',
  },
  {
    folder: 'activities/settlements',
    regex: '^(?:\\.{1,2}/)+(?:engine|providers)(?:/|$)|^\\.\\./deps\\.ts$',
    message:
      'The matching of settlement files knows the domain and the database: see activities/settlements/deps.ts.',
  },
];

/** Globals that do not replay the same, and so are forbidden in workflows. */
export const NOT_REPLAYED = [
  'process',
  'Buffer',
  'fetch',
  'structuredClone',
  'performance',
  'crypto',
  'WebSocket',
  'queueMicrotask',
  'setImmediate',
  '__dirname',
  '__filename',
  'require',
] as const;
