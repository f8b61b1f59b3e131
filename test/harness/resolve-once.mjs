import module from 'node:module';

// Node goes through the `exports` of a package at each import of it, and those of drizzle-orm are 130 KB: this is a quarter of what
// the start of a command costs. Here each of its modules is resolved once. Node 20 has no such hooks, and resolves as ever.

/** @typedef {{ url: string, format?: string | null }} Resolved */
/** @typedef {{ parentURL?: string, conditions: readonly string[] }} Context */
/** @typedef {(specifier: string, context: Context) => Resolved} Resolve */

/** Types of Node 20 do not know the hooks. @type {object} */
const known = module;
/** @type {((hooks: { resolve: (specifier: string, context: Context, next: Resolve) => Resolved }) => void) | undefined} */
const registerHooks = Reflect.get(known, 'registerHooks');

/** @type {Map<string, Resolved>} */
const found = new Map();

const isOurs = (/** @type {Context} */ { parentURL = '' }) =>
  parentURL.startsWith('file:') && !parentURL.includes('/node_modules/');
const isDrizzle = (/** @type {Context} */ { parentURL = '' }) =>
  parentURL.includes('/node_modules/drizzle-orm/');

registerHooks?.({
  resolve(specifier, context, next) {
    const isPackage = specifier.startsWith('drizzle-orm');
    if (!isPackage || !(isOurs(context) || isDrizzle(context))) return next(specifier, context);
    const key = `${specifier} ${context.conditions.join(' ')}`;
    const before = found.get(key);
    if (before !== undefined) return { ...before, shortCircuit: true };
    const resolved = next(specifier, context);
    found.set(key, resolved);
    return resolved;
  },
});
