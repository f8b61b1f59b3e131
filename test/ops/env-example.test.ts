import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig, readVariables, VARIABLES } from '../../config.ts';
import { envExample, fileIn, variablesTable, withVariablesTable } from '../../ops/env-example.ts';

const UPDATE = 'out of date: run `npm run config:docs`';
const names = Object.keys(VARIABLES);
/** Examples are for development and tests. */
const readExample = (env: Record<string, string>) => readConfig({ ...env, NODE_ENV: 'development' });

/** `NAME=value` lines; with `commented`, those behind a # too. */
function valuesOf(text: string, { commented }: { commented: boolean }): Record<string, string> {
  const line = commented ? /^(?:# )?([A-Z0-9_]+)=(.*)$/gm : /^([A-Z0-9_]+)=(.*)$/gm;
  return Object.fromEntries([...text.matchAll(line)].map(([, name = '', value = '']) => [name, value]));
}

test('.env.example is what the schema says', async () => {
  expect(await readFile(fileIn('.env.example'), 'utf8'), UPDATE).toBe(envExample());
});

test('the page of variables is what the schema says', async () => {
  const page = await readFile(fileIn('docs/variables.md'), 'utf8');
  expect(page, UPDATE).toBe(withVariablesTable(page));
});

test('the schema is what the subjects bring, each variable from one of them alone', async () => {
  const brought = await Promise.all(
    (await readdir(fileIn('config'))).map(async (file) => {
      const exported = (await import(fileIn(`config/${file}`))) as Record<string, object>;
      const registers = Object.keys(exported).filter((name) => name.endsWith('_VARIABLES'));
      return registers.flatMap((name) => Object.keys(exported[name] ?? {}));
    }),
  );
  expect(brought.flat().toSorted()).toEqual(names.toSorted());
});

describe('.env.example', () => {
  test('has every variable, and is a configuration that can be used', () => {
    expect(Object.keys(valuesOf(envExample(), { commented: true }))).toEqual(names);
    expect(() => readExample(valuesOf(envExample(), { commented: false }))).not.toThrow();
  });

  test('what is commented out is the default', () => {
    const set = valuesOf(envExample(), { commented: false });
    expect(readExample(valuesOf(envExample(), { commented: true }))).toEqual(readExample(set));
  });
});

describe('the table', () => {
  test('has a row for every variable', () => {
    for (const name of names) expect(variablesTable()).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, 'm'));
  });

  test('goes between its markers, again and again', () => {
    const page = 'before\n<!-- variables:start -->\nwhat was there\n<!-- variables:end -->\nafter\n';
    const once = withVariablesTable(page);
    expect(once).toContain(variablesTable());
    expect(once).not.toContain('what was there');
    expect(once.startsWith('before\n')).toBe(true);
    expect(once.endsWith('after\n')).toBe(true);
    expect(withVariablesTable(once)).toBe(once);
  });

  test('without markers it says so', () => {
    expect(() => withVariablesTable('# Veza')).toThrow('variables:start');
  });
});

describe('reading the environment', () => {
  const good = { NODE_ENV: 'development', ...valuesOf(envExample(), { commented: false }) };

  test.each([
    ['DATABASE_URL', 'mysql://x'],
    ['PORT', '70000'],
    ['PORT', 'many'],
    ['PSP_RETRY_BASE', '10 minutes'],
    ['ENGINE_WAIT_MAX', '99ms'],
    // A call would be begun after its client was told that nobody had answered.
    ['ENGINE_WAIT_MAX', '21s'],
    ['REVERSAL_WORKER_ENABLED', 'yes'],
    ['LOG_LEVEL', 'loud'],
    ['JWT_SECRET', 'short'],
    ['STRIPE_WEBHOOK_SECRET', ' , '],
  ])('%s=%s is named, with what was expected', (name, value) => {
    expect(() => readConfig({ ...good, [name]: value })).toThrow(new RegExp(`${name}: expected .+`));
  });

  test('all that is wrong is named at once', () => {
    try {
      readConfig({ ...good, PORT: 'x', DATABASE_URL: '' });
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).problems).toEqual([
        expect.stringMatching(/^DATABASE_URL: is missing; expected /),
        expect.stringMatching(/^PORT: expected /),
      ]);
    }
  });

  test('one of JWT_SECRET and JWT_JWKS_URL must be there', () => {
    expect(() => readConfig({ ...good, JWT_SECRET: undefined })).toThrow('JWT_SECRET: is missing');
    expect(() =>
      readConfig({ ...good, JWT_SECRET: undefined, JWT_JWKS_URL: 'https://a.example/k' }),
    ).not.toThrow();
  });

  test('the secret of the example is for development and tests', () => {
    const example = VARIABLES.JWT_SECRET.example;
    expect(() => readConfig({ ...good, JWT_SECRET: example, NODE_ENV: 'development' })).not.toThrow();
    expect(() => readConfig({ ...good, JWT_SECRET: example, NODE_ENV: undefined })).toThrow(
      'not the example',
    );
    expect(() => readConfig({ ...good, JWT_SECRET: example, NODE_ENV: 'production' })).toThrow(
      'JWT_SECRET: expected a secret of your own',
    );
  });

  test('a command that needs one variable asks for no other', () => {
    expect(readVariables({ TEMPORAL_ADDRESS: '' }, ['TEMPORAL_ADDRESS'])).toEqual({
      TEMPORAL_ADDRESS: '127.0.0.1:7233',
    });
    expect(() => readVariables({}, ['DATABASE_URL'])).toThrow(ConfigError);
  });
});
