import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig, VARIABLES } from '../../config.ts';
import { durationMs } from '../../domain/kernel/duration.ts';
import { type ComposeService, readComposeFile } from '../../sandbox/composition/compose-file.ts';
import { SHUTDOWN_MAX_MS } from '../../server.ts';
import { SHUTDOWN_GRACE } from '../../worker.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PATH = `${ROOT}docker-compose.yml`;
const TEXT = readFileSync(PATH, 'utf8');

const OF_A_FORM: Readonly<Record<string, string>> = {
  APP_URL: 'https://shop.example',
  SMTP_HOST: 'smtp.shop.example',
  MAIL_FROM: 'Veza <no-reply@shop.example>',
  PERSONAL_DATA_KEYS: 'k1:2n7Q0sVt4yB8cF3hK6mP9rU1wX5zA7dG0jL4nR8vE2Q=',
  HYPERSWITCH_BASE_URL: 'https://psp.example',
  STRIPE_SECRET_KEY: 'sk_test_9vQ4xZt7LmR2wKd8HcF5bJy3NgP6sTqW',
};
/** Every variable that the file demands, with a value as an operator would give it. */
const GIVEN = Object.fromEntries(
  [...TEXT.matchAll(/\$\{(\w+):?\?/g)].map(([, name = '']) => [
    name,
    OF_A_FORM[name] ?? `${name}-9vQ4xZt7LmR2wKd8HcF5bJy3NgP6sTqW`,
  ]),
);
const { services, volumes } = readComposeFile(PATH, GIVEN);
const all: [string, ComposeService][] = Object.entries(services);
const ours = all.filter(([, { image }]) => image.startsWith('veza:'));

test('the services that production needs are there', () => {
  expect(Object.keys(services)).toEqual(
    expect.arrayContaining([
      'postgres',
      'temporal-schema',
      'temporal',
      'temporal-namespace',
      'temporal-ui',
      'setup',
      'api',
      'worker',
      'prometheus',
      'grafana',
    ]),
  );
  expect(ours.map(([name]) => name)).toEqual(['setup', 'api', 'worker', 'ops']);
});

describe('what our processes are given', () => {
  test.each(ours)('%s: every variable is one that config.ts knows', (_, { environment }) => {
    const known = new Set(Object.keys(VARIABLES));
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
  });

  test.each(ours)('%s: every required variable is set, and production accepts them', (_, { environment }) => {
    expect(environment['NODE_ENV']).toBe('production');
    expect(() => readConfig(environment)).not.toThrow();
  });
});

describe('secrets', () => {
  test.each(Object.keys(GIVEN))('%s has no default: without it nothing starts', (name) => {
    expect(() => readComposeFile(PATH, { ...GIVEN, [name]: undefined })).toThrow(name);
    // What may be empty beside another variable is refused by the configuration.
    const start = () => {
      for (const { image, environment = {} } of Object.values(
        readComposeFile(PATH, { ...GIVEN, [name]: '' }).services,
      ))
        if (image.startsWith('veza:')) readConfig(environment);
    };
    expect(start).toThrow(name);
  });

  test('none is written in the file', () => {
    const secrets = TEXT.split('\n').filter((line) => /^\s+\w*(PASSWORD|SECRET|API_KEY)\w*:/.test(line));
    expect(secrets.length).toBeGreaterThan(5);
    for (const line of secrets)
      expect(line).toMatch(/: \$\{\w+:?\?set \w+(, or leave it empty beside \w+)?\}$/);
  });
});

describe('what is reachable', () => {
  test('ports are published on loopback alone', () => {
    const published = all.flatMap(([, { ports = [] }]) => ports);
    expect(published.length).toBeGreaterThan(1);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:[\d-]+:\d+$/);
  });

  test('neither PostgreSQL nor Temporal, which ask for no login of a person, are published at all', () => {
    expect(services['postgres']?.ports).toBeUndefined();
    expect(services['temporal']?.ports).toBeUndefined();
  });
});

describe('what it refers to is there', () => {
  test.each(all)('%s: its files', (_, service) => {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('./')) expect(existsSync(`${ROOT}${source}`), source).toBe(true);
      else expect(Object.keys(volumes)).toContain(source);
    }
    for (const { path, required } of service.env_file ?? []) {
      if (required) expect(existsSync(`${ROOT}${path}`), path).toBe(true);
    }
  });

  test.each(ours)('%s: the programs that it runs are built', (_, { entrypoint = [], command = [] }) => {
    const programs = [...entrypoint, ...command].join(' ').match(/dist\/[\w/-]+\.js/g) ?? [];
    expect(programs.length).toBeGreaterThan(0);
    for (const program of programs) {
      const source = program.replace('dist/', ROOT).replace(/js$/, 'ts');
      expect(existsSync(source), source).toBe(true);
    }
  });

  test.each(all)('%s: the services that it waits for', (_, { depends_on: waitsFor = {} }) => {
    for (const [name, { condition }] of Object.entries(waitsFor)) {
      const service = services[name];
      expect(service, name).toBeDefined();
      // Waiting for the health of what has no check would wait for ever.
      if (condition === 'service_healthy') expect(service?.healthcheck?.test).toBeDefined();
    }
  });
});

describe('an end in peace', () => {
  const graceMs = (name: string) => durationMs(services[name]?.stop_grace_period ?? '10s') ?? 0;

  test('the worker has longer than what it gives its work', () => {
    expect(graceMs('worker')).toBeGreaterThan(durationMs(SHUTDOWN_GRACE) ?? Infinity);
  });

  test('the API has longer than what it gives its requests', () => {
    expect(graceMs('api')).toBeGreaterThan(SHUTDOWN_MAX_MS);
  });
});

describe('what is watched', () => {
  const prometheus = parse(readFileSync(`${ROOT}deploy/prometheus/prometheus.yml`, 'utf8')) as {
    rule_files: string[];
    scrape_configs: {
      dns_sd_configs?: { names: string[]; port: number }[];
      static_configs?: { targets: string[] }[];
    }[];
  };
  const targets = prometheus.scrape_configs.flatMap(
    ({ dns_sd_configs: byName = [], static_configs: fixed = [] }) => [
      ...byName.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
      ...fixed.flatMap((one) => one.targets),
    ],
  );

  test('Prometheus asks services that there are, at the port that each is given', () => {
    const { api, worker, temporal } = services;
    expect(targets.toSorted()).toEqual([
      `api:${api?.environment['METRICS_PORT']}`,
      `temporal:${temporal?.environment['PROMETHEUS_ENDPOINT']?.split(':')[1]}`,
      `worker:${worker?.environment['METRICS_PORT']}`,
    ]);
  });

  test('its rules are mounted', () => {
    for (const name of prometheus.rule_files)
      expect(existsSync(`${ROOT}deploy/prometheus/${name}`), name).toBe(true);
  });

  test('Grafana asks the Prometheus that there is', () => {
    const provisioned = readFileSync(`${ROOT}deploy/grafana/provisioning/datasources/prometheus.yml`, 'utf8');
    const { datasources } = parse(provisioned) as { datasources: { url: string }[] };
    expect(datasources.map(({ url }) => url)).toEqual(['http://prometheus:9090']);
    expect(services['prometheus']).toBeDefined();
  });
});

test('no service has a fixed name, so that each can be scaled', () => {
  for (const [name, service] of all) expect(service, name).not.toHaveProperty('container_name');
});

describe("Temporal's configuration", () => {
  const template = readFileSync(`${ROOT}deploy/temporal/veza.yaml`, 'utf8');

  test('every variable that it reads is set by the compose file, or has a default', () => {
    const wanted = [...template.matchAll(/\{\{ env "(\w+)"( \| default)?/g)];
    expect(wanted.length).toBeGreaterThan(10);
    const environment = Object.keys(services['temporal']?.environment ?? {});
    for (const [, name, preset] of wanted) if (!preset) expect(environment).toContain(name);
  });

  test('filled in, it is YAML with the four services', () => {
    const filled = template.replaceAll(/\{\{ env "\w+"(?: \| default "([^"]*)")?(?: \| quote)? \}\}/g, '$1');
    expect(filled).not.toContain('{{');
    const { services: parts, persistence } = parse(filled) as Record<string, Record<string, unknown>>;
    expect(Object.keys(parts ?? {})).toEqual(['frontend', 'matching', 'history', 'worker']);
    expect(persistence?.['numHistoryShards']).toBe(512);
  });
});
