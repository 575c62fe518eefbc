import { readdirSync } from 'node:fs';
import { getDistDirectory } from 'altair-static';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import type { ConsoleOptions } from '../../src/console/register-console.ts';
import { consoleServer, demoCallers, sampleQueries, subjectOf } from './console-server.ts';

const open: FastifyInstance[] = [];
const serve = async (options: Partial<ConsoleOptions> = {}): Promise<FastifyInstance> => {
  const { app } = await consoleServer(options);
  open.push(app);
  return app;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

const addresses = (html: string): string[] =>
  [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);

describe('the page', () => {
  it('is served at / with a policy that lets only files of this server run', async () => {
    const page = await (await serve()).inject('/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'; script-src 'self';");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-eval');
    expect(policy).not.toMatch(/https?:|\*/);
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cache-control': 'no-cache',
    });
  });

  it('names only addresses of this server, and each answers', async () => {
    const app = await serve({ callers: demoCallers() });
    const { body } = await app.inject('/');
    const base = /<base href="([^"]+)"/.exec(body)![1]!;
    const named = addresses(body).filter((address) => address !== base);
    expect(named.length).toBeGreaterThan(5);
    for (const address of named) {
      const url = new URL(address, `http://own${base}`);
      expect(url.host, address).toBe('own');
      expect((await app.inject(url.pathname)).statusCode, address).toBe(200);
    }
  });

  it('holds no inline script, and no text can end the block of data', async () => {
    const app = await serve({
      sampleQueries: [{ name: '</script>', query: '{ a } # <!--<script>', shows: '</SCRIPT>' }],
      callers: [{ name: '"><script>alert(1)</script>', token: () => Promise.resolve('t') }],
    });
    const { body } = await app.inject('/');
    const scripts = [...body.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/gi)];
    const data = scripts.filter(([, attributes]) => attributes!.includes('application/json'));
    expect(data).toHaveLength(1);
    expect(JSON.parse(data[0]![2]!)).toMatchObject({
      demo: true,
      samples: [{ name: '</script>', query: '# </SCRIPT>\n{ a } # <!--<script>\n' }],
    });
    for (const [, attributes, content] of scripts.filter((script) => !data.includes(script))) {
      expect(attributes).toContain('src="');
      expect(content).toBe('');
    }
    expect(body).not.toContain('alert(1)</script>');
  });

  it('offers callers in demo mode only', async () => {
    const demo = await (await serve({ callers: demoCallers() })).inject('/');
    expect(demo.body).toContain('<label for="sayso-caller">Caller</label>');
    expect(demo.body).toContain('<option value="Warehouse">Warehouse</option>');
    const plain = await (await serve()).inject('/');
    expect(plain.body).not.toContain('sayso-caller');
    expect(plain.body).toContain('Authorization');
  });

  it('puts what a sample shows on one comment line above it', async () => {
    const { body } = await (await serve()).inject('/');
    expect(body).toContain(String.raw`# A second query, in a tab of its own \u003c/script>`);
    for (const { name } of sampleQueries) expect(body).toContain(`"name":"${name}"`);
  });

  it('leaves the other routes of the server as they are', async () => {
    const answer = await (
      await serve()
    ).inject({ method: 'POST', url: '/graphql', payload: { query: '{ whoami }' } });
    expect(answer.json()).toEqual({ data: { whoami: 'nobody' } });
    expect(answer.headers).not.toHaveProperty('content-security-policy');
  });
});

describe('its files', () => {
  it.each([
    ['main.js', /javascript/],
    ['styles.css', /text\/css/],
    ['favicon.ico', /image\//],
    ['assets/i18n/en-US.json', /application\/json/],
    ['media/jetbrains-mono-latin-400-normal.woff2', /font\/woff2/],
  ])('serve %s with its type, to be kept for good', async (name, type) => {
    const app = await serve();
    const base = /<base href="([^"]+)"/.exec((await app.inject('/')).body)![1]!;
    expect(base).toMatch(/^\/console\/altair-\d+\.\d+\.\d+\/$/);
    const file = await app.inject(base + name);
    expect(file.statusCode).toBe(200);
    expect(file.headers['content-type']).toMatch(type);
    expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(file.headers['x-content-type-options']).toBe('nosniff');
  });

  it('stay within their folder, and leave out the frame for scripts of users', async () => {
    const app = await serve();
    const base = /<base href="([^"]+)"/.exec((await app.inject('/')).body)![1]!;
    expect(readdirSync(getDistDirectory())).toContain('iframe-sandbox');
    for (const path of [
      '../../package.json',
      '..%2f..%2fpackage.json',
      '%2e%2e/%2e%2e/package.json',
      '..%5c..%5cpackage.json',
      'assets/../../../package.json',
      '%2fetc%2fpasswd',
      'index.html',
      'iframe-sandbox/index.html',
      'assets',
    ]) {
      const answer = await app.inject(base + path);
      expect([400, 403, 404], path).toContain(answer.statusCode);
      expect(answer.body, path).not.toContain('"altair-static"');
      expect(String(answer.headers['cache-control']), path).not.toContain('immutable');
    }
  });
});

describe('the token route', () => {
  const own = { host: 'localhost:4000', origin: 'http://localhost:4000' };
  const ask = (app: FastifyInstance, headers: Record<string, string>, caller: unknown) =>
    app.inject({ method: 'POST', url: '/console/token', headers, payload: { caller } });

  it('is absent when not in demo mode', async () => {
    expect((await ask(await serve(), own, 'Warehouse')).statusCode).toBe(404);
  });

  it('mints a token for the page, which is kept nowhere', async () => {
    const answer = await ask(
      await serve({ callers: demoCallers(600) }),
      { ...own, 'sec-fetch-site': 'same-origin' },
      'Warehouse',
    );
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { token, expiresIn } = answer.json<{ token: string; expiresIn: number }>();
    expect(subjectOf(`Bearer ${token}`)).toBe('Warehouse');
    expect(expiresIn).toBeGreaterThan(595);
    expect(expiresIn).toBeLessThanOrEqual(600);
  });

  it.each<[string, Record<string, string>]>([
    ['another origin', { host: 'localhost:4000', origin: 'http://evil.example' }],
    ['another port', { host: 'localhost:4000', origin: 'http://localhost:4001' }],
    ['an opaque origin', { host: 'localhost:4000', origin: 'null' }],
    ['another site', { ...own, 'sec-fetch-site': 'cross-site' }],
    ['another origin of the same site', { ...own, 'sec-fetch-site': 'same-site' }],
    ['nobody in particular', { host: 'localhost:4000' }],
    ['a foreign name for this machine', { host: 'evil.example', origin: 'http://evil.example' }],
  ])('refuses %s', async (_from, headers) => {
    const answer = await ask(await serve({ callers: demoCallers() }), headers, 'Warehouse');
    expect(answer.statusCode).toBe(403);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toMatchObject({
      errors: [{ extensions: { code: 'CROSS_ORIGIN_REFUSED' } }],
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('refuses an unknown caller and a malformed request', async () => {
    const app = await serve({ callers: demoCallers() });
    expect((await ask(app, own, 'constructor')).statusCode).toBe(404);
    for (const caller of [{ name: 'Warehouse' }, undefined, 'x'.repeat(201)]) {
      const answer = await ask(app, own, caller);
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
    }
  });

  it('says 0 seconds for a token that does not tell when it ends', async () => {
    const app = await serve({
      callers: [{ name: 'Opaque', token: () => Promise.resolve('opaque') }],
    });
    expect((await ask(app, own, 'Opaque')).json()).toEqual({ token: 'opaque', expiresIn: 0 });
  });
});
