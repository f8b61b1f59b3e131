import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Balancer, startBalancer } from '../../sandbox/composition/balancer.ts';
import { interpolate, versionOf } from '../../sandbox/composition/compose-file.ts';
import { statementsOf } from '../../sandbox/composition/databases.ts';

describe("the compose file's variables", () => {
  test.each([
    ['${A:?set A}', 'one'],
    ['x${A:?set A}y${B:-two}', 'xoneytwo'],
    ['${A:-preset}', 'one'],
    ['$$name costs 5$$', '$name costs 5$'],
    ['nothing to fill in', 'nothing to fill in'],
  ])('%s', (text, filled) => {
    expect(interpolate(text, { A: 'one' })).toBe(filled);
  });

  test('a demanded one that is missing or empty is refused with the reason', () => {
    expect(() => interpolate('${B:?set B}', {})).toThrow('B is missing: set B');
    expect(() => interpolate('${B:?set B}', { B: '' })).toThrow('B is missing: set B');
    expect(() => interpolate('${B?set B}', {})).toThrow('B is missing: set B');
  });

  test('one that may be empty has to be there', () => {
    expect(interpolate('x${B?set B}y', { B: '' })).toBe('xy');
  });

  test.each(['$A', '${A}', '${A-x}', '${A:+x}'])('a form that is not known here is refused: %s', (text) => {
    expect(() => interpolate(text, { A: 'one' })).toThrow('not a form that is understood here');
  });

  test('the version of an image', () => {
    expect(versionOf({ image: 'temporalio/admin-tools:1.29.1-tctl-1.18.4-cli-1.5.0' })).toBe('1.29.1');
    expect(() => versionOf({ image: 'temporalio/server:latest' })).toThrow('no version');
  });
});

describe('the databases as psql makes them', () => {
  test('variables become quoted values, comments and blank lines go', () => {
    const file = "-- why\n\\getenv p PASSWORD\n\ncreate role a password :'p';\ncreate database a;\n";
    expect(statementsOf(file, { PASSWORD: "it's" })).toEqual([
      "create role a password 'it''s'",
      'create database a',
    ]);
  });

  test('a variable that nobody set is refused', () => {
    expect(() => statementsOf('\\getenv p PASSWORD\n', {})).toThrow('PASSWORD is not set');
    expect(() => statementsOf("select :'p';", {})).toThrow("nothing says what :'p' is");
  });
});

describe('the balancer', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function upstream(answer: (body: string) => string | null): Promise<string> {
    const server: Server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const text = answer(`${request.method} ${request.url} ${body}`);
        if (text === null) request.socket.destroy();
        else response.writeHead(201, { 'x-from': 'upstream' }).end(text);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.unshift(async () => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function balancer(...upstreams: string[]): Promise<Balancer> {
    const started = await startBalancer(0, upstreams);
    closers.unshift(() => started.close());
    return started;
  }

  const NOBODY = 'http://127.0.0.1:1';

  test('each request goes to the next, whole, and its answer comes back whole', async () => {
    const [a, b] = [await upstream((body) => `a ${body}`), await upstream((body) => `b ${body}`)];
    const { url, answered } = await balancer(a, b);
    const texts: string[] = [];
    for (let time = 0; time < 4; time++) {
      const answer = await fetch(`${url}/x?y=1`, { method: 'POST', body: 'hello' });
      expect([answer.status, answer.headers.get('x-from')]).toEqual([201, 'upstream']);
      texts.push(await answer.text());
    }
    expect(texts).toEqual([1, 2].flatMap(() => ['a POST /x?y=1 hello', 'b POST /x?y=1 hello']));
    expect([...answered.values()]).toEqual([2, 2]);
  });

  test('one that cannot be reached is passed over', async () => {
    const { url } = await balancer(NOBODY, await upstream(() => 'alive'));
    for (let time = 0; time < 3; time++) expect(await (await fetch(url)).text()).toBe('alive');
  });

  test('one that dies with a request in its hands is a 502, and the request is not sent twice', async () => {
    let asked = 0;
    const dying = await upstream(() => null);
    const { url } = await balancer(dying, await upstream(() => String(++asked)));
    expect((await fetch(url, { method: 'POST', body: 'pay' })).status).toBe(502);
    expect(asked).toBe(0);
  });

  test('with none it says so', async () => {
    const { url } = await balancer(NOBODY, NOBODY);
    expect((await fetch(url)).status).toBe(502);
  });
});
