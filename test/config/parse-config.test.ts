import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.ts';
import { decodeSubjectKey } from '../../src/config/subject-key.ts';
import { sampleShop } from '../../src/config/sample-config.ts';
import { ConfigError } from '../../src/core/errors.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sayso config '));
  mkdirSync(join(dir, 'sdl'));
  for (const name of ['rules.ts', 'resolvers.ts', 'keys.json']) writeFileSync(join(dir, name), '');
});
afterAll(() => rmSync(dir, { recursive: true }));

const parse = (yaml: string, env: NodeJS.ProcessEnv = {}, name = 'sayso.yaml') => {
  writeFileSync(join(dir, name), yaml);
  return parseConfig({ SAYSO_CONFIG: name, ...env }, dir);
};
const failure = (run: () => unknown): ConfigError => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('was accepted');
};
const problems = (yaml: string, env: NodeJS.ProcessEnv = {}) =>
  failure(() => parse(yaml, env)).problems;

const sources = 'sources: { shop: { database: shop } }\n';
const demo = `demo: true\n${sources}`;
const idp = `${sources}identity: { jwks: https://idp.example/jwks.json, issuer: https://idp.example/, audience: sayso }\n`;

describe('without a file', () => {
  it('is the sample shop in demo mode, wherever it is started', () => {
    const config = parseConfig({}, dir);
    expect(config).toMatchObject({
      demo: true,
      host: '127.0.0.1',
      port: 4000,
      dataDir: join(dir, '.sayso'),
      schemaDir: sampleShop.schemaDir,
      loadSampleShop: true,
      introspection: true,
      operations: 'ANY',
      logLevel: 'info',
      modules: { rules: sampleShop.rules, resolvers: sampleShop.resolvers, mayHaveSurplus: true },
      identity: {
        jwks: { file: join(dir, '.sayso', 'demo-jwks.json') },
        issuer: 'sayso-demo',
        audience: 'sayso',
        algorithms: ['EdDSA'],
      },
    });
    expect([...config.sources.values()].map((one) => [one.name, 'at' in one && one.at])).toEqual([
      ['shop', { database: 'shop' }],
      ['crm', { database: 'crm' }],
    ]);
    expect(config).not.toHaveProperty('databaseUrl');
  });

  it('takes from SAYSO_SHADOW the share of queries that is compared with graphql-js', () => {
    const shadowOf = (share: string): number => parseConfig({ SAYSO_SHADOW: share }, dir).shadow;
    for (const share of ['0', '1', '0.01', '0.000000001', '1.0', '0.5']) {
      expect(shadowOf(share)).toBe(Number(share));
    }
    const unset = parseConfig({}, dir).shadow;
    expect(unset).toBeGreaterThanOrEqual(0);
    expect(unset).toBeLessThanOrEqual(1);
  });

  it.each([
    '-0.1',
    '1.1',
    '2',
    '1e-3',
    '.5',
    '5%',
    'all',
    'NaN',
    '0,5',
    '0x1',
    '0.0000000001',
    '1.5',
  ])('refuses %s as that share, and says what one is', (share) => {
    const { problems: told } = failure(() => parseConfig({ SAYSO_SHADOW: share }, dir));
    expect(told).toEqual([
      {
        where: 'SAYSO_SHADOW',
        what: 'is not a share',
        mend: 'set a number from 0 to 1, such as `0.01` for one query in a hundred',
      },
    ]);
  });

  it('takes PORT, SAYSO_DATA, DATABASE_URL and SAYSO_LOG from the environment', () => {
    const env = {
      PORT: '0',
      SAYSO_DATA: 'd',
      DATABASE_URL: 'postgresql://h/db',
      SAYSO_LOG: 'warn',
    };
    expect(parseConfig(env, dir)).toMatchObject({
      port: 0,
      dataDir: join(dir, 'd'),
      databaseUrl: 'postgresql://h/db',
      logLevel: 'warn',
    });
  });

  it('keeps data and modules of the sample when only the SDL is swapped', () => {
    const config = parseConfig({ SAYSO_SCHEMA: 'sdl' }, dir);
    expect(config.schemaDir).toBe(join(dir, 'sdl'));
    expect(config.loadSampleShop).toBe(true);
    expect(config.modules).toEqual({
      rules: sampleShop.rules,
      resolvers: sampleShop.resolvers,
      mayHaveSurplus: true,
    });
  });

  it('takes SAYSO_SUBJECT_KEY, in either alphabet of Base64 and with a line end', () => {
    const key = Buffer.alloc(32, 0xfb);
    for (const text of [
      key.toString('base64'),
      key.toString('base64url'),
      `${key.toString('base64')}\n`,
    ])
      expect(decodeSubjectKey(parseConfig({ SAYSO_SUBJECT_KEY: text }, dir).subjectKey!)).toEqual(
        key,
      );
    expect(parseConfig({}, dir)).not.toHaveProperty('subjectKey');
  });

  it.each(['x', 'A'.repeat(42), 'A'.repeat(45), `${'A'.repeat(42)}!=`, 'hunter2'.repeat(7)])(
    'refuses the key %j without repeating it',
    (text) => {
      const error = failure(() => parseConfig({ SAYSO_SUBJECT_KEY: text }, dir));
      expect(error.problems.map(({ where }) => where)).toEqual(['SAYSO_SUBJECT_KEY']);
      if (text.length > 1) expect(error.message).not.toContain(text);
    },
  );

  it('takes SAYSO_WORKERS, and `auto` for as many as run at once', () => {
    expect(parseConfig({}, dir)).not.toHaveProperty('workers');
    expect(parseConfig({ SAYSO_WORKERS: '1' }, dir).workers).toBe(1);
    expect(parseConfig({ SAYSO_WORKERS: '64' }, dir).workers).toBe(64);
    const auto = Math.min(64, availableParallelism());
    expect(parseConfig({ SAYSO_WORKERS: 'auto' }, dir).workers).toBe(auto);
  });

  it.each(['0', '00', '-1', '1.5', '2 ', 'two', '65', '1e1', 'AUTO', '٢'])(
    'refuses %j workers, with the mend',
    (text) => {
      const [problem, ...others] = failure(() =>
        parseConfig({ SAYSO_WORKERS: text }, dir),
      ).problems;
      expect(others).toEqual([]);
      expect(problem).toEqual({
        where: 'SAYSO_WORKERS',
        what: 'is not a number of workers',
        mend: 'set a whole number from 1 to 64, or `auto` for as many as this machine runs at once',
      });
    },
  );

  it('takes an empty variable for one that is not set', () => {
    expect(parseConfig({ PORT: '', SAYSO_CONFIG: '', DATABASE_URL: '' }, dir).port).toBe(4000);
  });

  it('is frozen all the way down', () => {
    const config = parseConfig({}, dir);
    const shop = config.sources.get('shop')!;
    const set = config.sources as Map<string, unknown>;
    expect(() => Object.assign(config.limits, { maxRows: 1 })).toThrow(TypeError);
    expect(() => Object.assign('at' in shop ? shop.at : {}, { url: 'x' })).toThrow(TypeError);
    expect(() => (config.identity.algorithms as string[]).push('HS256')).toThrow(TypeError);
    expect(() => set.set('x', shop)).toThrow(TypeError);
    expect(() => set.delete('shop')).toThrow(TypeError);
    expect(() => set.clear()).toThrow(TypeError);
  });
});

describe('with a file', () => {
  it('reads every key', () => {
    const config = parse(
      `
listen: { host: 0.0.0.0, port: 8080 }
schema: ./sdl
sources:
  shop: { postgres: "\${SHOP_URL}", schema: store, poolSize: 3, timeout: 2s, prepare: false }
  crm: { database: crm }
identity:
  jwks: ./keys.json
  issuer: https://idp.example/
  audience: sayso
  algorithms: [ES256, RS256, ES256]
  tolerance: 500ms
  subjectClaim: customer
rules: ./rules.ts
resolvers: resolvers.ts
limits: { depth: 5, aliases: 0, tokens: 100, body: 1MiB, pageSize: 10, maxPageSize: 50, rows: 500, snapshotSubjects: 7 }
introspection: true
operations: REGISTERED_ONLY
log: debug
`,
      { SHOP_URL: 'postgres://me:pw@db/shop' },
    );
    expect(config).toMatchObject({
      demo: false,
      host: '0.0.0.0',
      port: 8080,
      schemaDir: join(dir, 'sdl'),
      loadSampleShop: false,
      modules: { rules: join(dir, 'rules.ts'), resolvers: join(dir, 'resolvers.ts') },
      introspection: true,
      operations: 'REGISTERED_ONLY',
      logLevel: 'debug',
      identity: {
        jwks: { file: join(dir, 'keys.json') },
        algorithms: ['ES256', 'RS256'],
        toleranceSeconds: 0.5,
        subjectClaim: 'customer',
      },
      limits: {
        maxDepth: 5,
        maxAliases: 0,
        maxTokens: 100,
        maxBodyBytes: 1_048_576,
        defaultPageSize: 10,
        maxPageSize: 50,
        maxRows: 500,
        maxSnapshotSubjects: 7,
      },
    });
    expect(config.modules).not.toHaveProperty('mayHaveSurplus');
    expect(config.sources.get('shop')).toEqual({
      name: 'shop',
      kind: 'postgres',
      at: { url: 'postgres://me:pw@db/shop' },
      schema: 'store',
      poolSize: 3,
      timeoutMs: 2000,
      prepare: false,
    });
  });

  it('lets the server keep statements unless told otherwise', () => {
    const of = (more: string) =>
      parse(`demo: true\nsources: { crm: { database: crm${more} } }`).sources.get('crm');
    expect(of('')).toMatchObject({ prepare: true });
    expect(of(', prepare: true')).toMatchObject({ prepare: true });
    expect(of(', prepare: false')).toMatchObject({ prepare: false });
    expect(() => of(', prepare: sometimes')).toThrow(/`true` or `false`/);
  });

  it('reads every key of a JSON API', () => {
    const config = parse(
      `demo: true
sources:
  crm:
    kind: rest
    url: https://club.example.com/api
    headers: { Authorization: "Bearer \${TOKEN}" }
    poolSize: 3
    timeout: 2s
    bytes: 1MB
    tables:
      loyalty_members:
        path: /members?active=true
        by: { customer_id: "filter[customer]" }
        values: comma
        batch: 50
        rows: data.items
        columns: { joined_on: /member/joined.on, tier: status.tier }
        fields: fields
        ids: text
      visits: { path: /visits, by: { id: id, __proto__: proto } }
`,
      { TOKEN: 'secret' },
    );
    expect(config.sources.get('crm')).toEqual({
      name: 'crm',
      kind: 'rest',
      url: 'https://club.example.com/api',
      headers: new Map([['Authorization', 'Bearer secret']]),
      poolSize: 3,
      timeoutMs: 2000,
      maxBytes: 1_000_000,
      tables: new Map([
        [
          'loyalty_members',
          {
            path: '/members?active=true',
            by: new Map([['customer_id', 'filter[customer]']]),
            values: 'comma',
            batch: 50,
            rows: ['data', 'items'],
            columns: new Map([
              ['joined_on', ['member', 'joined.on']],
              ['tier', ['status', 'tier']],
            ]),
            fields: 'fields',
            ids: 'text',
          },
        ],
        [
          'visits',
          {
            path: '/visits',
            by: new Map([
              ['id', 'id'],
              ['__proto__', 'proto'],
            ]),
            values: 'repeat',
            batch: 100,
            rows: [],
            columns: new Map(),
            ids: 'number',
          },
        ],
      ]),
    });
  });

  it.each([
    ['http://127.0.0.1:8080', ''],
    ['http://localhost/x', ''],
    ['http://[::1]:8080/', ''],
    ['http://crm.internal', 'allowPlainHttp: true, '],
    ['HTTPS://crm.internal/a', ''],
  ])('an API may be at %s', (url, more) => {
    const yaml = `demo: true\nsources: { a: { kind: rest, url: "${url}", ${more}tables: { t: { path: /t, by: { id: id } } } } }`;
    expect(parse(yaml).sources.get('a')).toMatchObject({ url });
  });

  it('reads JSON as well, indented by tabs', () => {
    const json = JSON.stringify({ demo: true, sources: { a: { database: 'a' } } }, null, '\t');
    expect([...parse(json, {}, 'sayso.json').sources.keys()]).toEqual(['a']);
  });

  it('lets the environment win', () => {
    const env = { PORT: '1', SAYSO_SCHEMA: 'sdl', SAYSO_LOG: 'error' };
    const config = parse(`${demo}schema: .\nlog: debug\nlisten: { port: 2 }`, env);
    expect(config).toMatchObject({ port: 1, schemaDir: join(dir, 'sdl'), logLevel: 'error' });
  });

  it('is quiet about introspection outside demo mode', () => {
    expect(parse(demo).introspection).toBe(true);
    expect(parse(idp).introspection).toBe(false);
  });

  it('takes an address of the key set as it is', () => {
    expect(parse(idp).identity.jwks).toEqual({ url: 'https://idp.example/jwks.json' });
    const local = idp.replace('https://idp.example/jwks.json', '"http://[::1]:3/jwks.json"');
    expect(parse(local).identity.jwks).toEqual({ url: 'http://[::1]:3/jwks.json' });
  });

  it('loads sample data only in demo mode, for its own SDL, into databases of its own', () => {
    const both = 'sources: { shop: { database: shop }, crm: { database: crm } }\n';
    const elsewhere =
      'sources: { shop: { postgres: postgres://h/shop }, crm: { database: crm } }\n';
    expect(parse(`demo: true\n${both}`).loadSampleShop).toBe(true);
    expect(parse(`demo: true\nschema: ./sdl\n${both}`).loadSampleShop).toBe(false);
    expect(parse(`demo: true\n${elsewhere}`).loadSampleShop).toBe(false);
    expect(parse(idp.replace(sources, both)).loadSampleShop).toBe(false);
  });

  it('brings modules of the sample only with its SDL', () => {
    expect(parse(`${demo}schema: ./sdl`).modules).toEqual({});
    expect(parse(demo).modules.rules).toBe(sampleShop.rules);
    expect(parse(`${demo}rules: ./rules.ts`).modules).toEqual({
      rules: join(dir, 'rules.ts'),
      resolvers: sampleShop.resolvers,
      mayHaveSurplus: false,
    });
  });

  it('keeps `${` when it is written as `$${`, and does not replace twice', () => {
    const yaml = `${sources}identity: { jwks: ./keys.json, issuer: "$\${A}", audience: "\${B}" }`;
    const { issuer, audience } = parse(yaml, { A: 'no', B: '${A}' }).identity;
    expect([issuer, audience]).toEqual(['${A}', '${A}']);
  });

  it('takes numbers and switches from the environment', () => {
    const yaml = `demo: "\${D}"\n${sources}limits: { depth: "\${N}" }`;
    expect(parse(yaml, { D: 'true', N: '7' })).toMatchObject({
      demo: true,
      limits: { maxDepth: 7 },
    });
  });

  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('demo mode listens on %s', (host) => {
    expect(parse(`${demo}listen: { host: "${host}" }`).host).toBe(host);
  });
});

describe('problems', () => {
  it('are listed all together, with place and mend, in the order of lines', () => {
    const error = failure(() =>
      parse(
        `demo: true
listen: { host: 0.0.0.0, prot: 80 }
sources:
  shop: { postgres: "\${SHOP_URL}", poolSize: lots }
  crm: { database: crm, postgres: postgres://h/x }
limits: { depht: 3 }
rules: ./nope.ts
`,
        { PORT: '70000', SAYSO_SHEMA: 'x', SAYSO_LOG: 'inof', DATABASE_URL: 'mysql://h/x' },
      ),
    );
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.problems.map(({ where }) => where)).toEqual([
      'SAYSO_SHEMA',
      'PORT',
      'DATABASE_URL',
      'SAYSO_LOG',
      'sayso.yaml:2:17 listen.host',
      'sayso.yaml:2:26 listen.prot',
      'sayso.yaml:4:21 sources.shop.postgres',
      'sayso.yaml:4:46 sources.shop.poolSize',
      'sayso.yaml:5:3 sources.crm',
      'sayso.yaml:6:11 limits.depht',
      'sayso.yaml:7:8 rules',
    ]);
    const mends = error.problems.map(({ mend }) => mend).join('\n');
    for (const word of ['SAYSO_SCHEMA', 'info', 'port', 'depth'])
      expect(mends).toContain(`did you mean \`${word}\``);
    for (const { what, mend, where } of error.problems) {
      expect(what).not.toBe('');
      expect(mend).not.toBe('');
      expect(error.message).toContain(where);
    }
  });

  const laughs = ['a: &a0 [x]']
    .concat([1, 2, 3].map((n) => `b${n}: &a${n} [${`*a${n - 1},`.repeat(9)}]`))
    .join('\n');
  const one: [string, string, RegExp, RegExp][] = [
    ['demo with identity', `demo: true\n${idp}`, /identity$/, /contradicts `demo: true`/],
    ['neither demo nor identity', sources, /:1:1$/, /whose tokens/],
    ['no sources', 'demo: true', /sources$/, /missing/],
    ['empty sources', 'demo: true\nsources: {}', /2:10 sources$/, /empty/],
    ['a list for sources', 'demo: true\nsources: [a]', /sources$/, /not a mapping/],
    ['a source nowhere', 'demo: true\nsources: { a: {} }', /sources\.a$/, /neither/],
    [
      'a source named badly',
      'demo: true\nsources: { __proto__: { database: a } }',
      /sources/,
      /name/,
    ],
    ['a URL of MySQL', 'demo: true\nsources: { a: { postgres: mysql://h } }', /postgres$/, /URL/],
    [
      'a database named badly',
      'demo: true\nsources: { a: { database: "a;b" } }',
      /database$/,
      /name/,
    ],
    ['http for keys', idp.replace('https://idp.example/j', 'http://idp/j'), /jwks$/, /https/],
    ['ftp for keys', idp.replace('https://idp.example/j', 'ftp://127.0.0.1/j'), /jwks$/, /https/],
    ['no issuer', idp.replace('issuer: https://idp.example/,', ''), /issuer$/, /missing/],
    ['unknown log level', `${demo}log: loud`, /log$/, /log level/],
    ['a page over its maximum', `${demo}limits: { pageSize: 2000 }`, /pageSize$/, /maxPageSize/],
    ['a page over the rows', `${demo}limits: { rows: 10 }`, /maxPageSize$/, /rows/],
    [
      'a time without unit',
      'demo: true\nsources: { a: { database: a, timeout: 5 } }',
      /timeout$/,
      /5s/,
    ],
    ['brackets round IPv6', `${idp}listen: { host: "[::1]" }`, /host$/, /IP address/],
    ['a folder for rules', `${demo}rules: ./sdl`, /rules$/, /file/],
    ['a schema folder that is none', `${demo}schema: ./rules.ts`, /schema$/, /folder/],
    [
      'a broken replacement',
      'demo: true\nsources: { a: { database: "${A-b}" } }',
      /database$/,
      /\$\{/,
    ],
    [
      'an inherited name',
      'demo: true\nsources: { a: { database: "${constructor}" } }',
      /database$/,
      /not set/,
    ],
    ['a root that is no mapping', '[1]', /:1:1$/, /mapping/],
    ['two documents', `${demo}---\na: 1`, /sayso.yaml:3:1$/, /second document/],
    ['a key twice', `${demo}demo: true`, /3:1$/, /before/],
    ['broken YAML', 'demo: [', /sayso.yaml:1:8$/, /./],
    ['a value in a circle', 'demo: &a [*a]\nsources: { a: { database: a } }', /demo$/, /true/],
    ['too many aliases', laughs, /:1:1$/, /alias/],
    ['an empty value', `${demo}log:`, /log$/, /empty/],
  ];
  it.each(one)('%s', (_, yaml, where, what) => {
    const [first, ...more] = problems(yaml);
    expect(more).toEqual([]);
    expect(first?.where).toMatch(where);
    expect(first?.what).toMatch(what);
    expect(first?.mend).toMatch(/\w/);
  });

  const api = (more: string, table = 'path: /t, by: { id: id }') =>
    `demo: true\nsources: { a: { kind: rest, ${more}, tables: { t: { ${table} } } } }`;
  const url = 'url: "https://h/x"';
  const apis: [string, string, RegExp, RegExp, RegExp?][] = [
    [
      'another kind',
      'demo: true\nsources: { a: { kind: soap, url: u } }',
      /a\.kind$/,
      /kind/,
      /rest/,
    ],
    ['an empty kind', 'demo: true\nsources: { a: { kind: } }', /a\.kind$/, /kind/, /rest/],
    ['settings of a database', api(`${url}, schema: x`), /a\.schema$/, /known key/, /tables/],
    [
      'settings of an API',
      'demo: true\nsources: { a: { database: x, url: u } }',
      /a\.url$/,
      /known/,
    ],
    ['no tables', `demo: true\nsources: { a: { kind: rest, ${url} } }`, /a\.tables$/, /missing/],
    [
      'empty tables',
      `demo: true\nsources: { a: { kind: rest, ${url}, tables: {} } }`,
      /tables$/,
      /empty/,
    ],
    ['no address', api('poolSize: 1'), /a\.url$/, /missing/],
    ['plain http', api('url: "http://h/x"'), /a\.url$/, /plain http/, /allowPlainHttp/],
    ['a password in the address', api('url: "https://me:pw@h/x"'), /url$/, /without password/],
    ['a query in the address', api('url: "https://h/x?a=b"'), /url$/, /address/],
    ['no address at all', api('url: "file:///etc"'), /url$/, /http/],
    ['a header that Sayso sets', api(`${url}, headers: { sec-gpc: "1" }`), /headers$/, /Sec-GPC/],
    ['a header of two lines', api(`${url}, headers: { a: "b\\r\\nc: d" }`), /headers$/, /headers/],
    [
      'a misspelt key',
      api(url, 'path: /t, by: { id: id }, row: x'),
      /tables\.t\.row$/,
      /known/,
      /rows/,
    ],
    ['no path', api(url, 'by: { id: id }'), /t\.path$/, /missing/],
    ['a path upwards', api(url, 'path: /a/%2e./b, by: { id: id }'), /path$/, /without/],
    ['a path to another host', api(url, 'path: //h/b, by: { id: id }'), /path$/, /path/],
    ['nothing to look for', api(url, 'path: /t, by: {}'), /by$/, /empty/, /at least one/],
    ['a list to look for', api(url, 'path: /t, by: [id]'), /by$/, /mapping/],
    ['no parameter', api(url, 'path: /t, by: { id: 1 }'), /by$/, /mapping/],
    [
      'another way of several',
      api(url, 'path: /t, by: { id: id }, values: tab'),
      /values$/,
      /comma/,
    ],
    ['too large a batch', api(url, 'path: /t, by: { id: id }, batch: 5000'), /batch$/, /1 to 1000/],
    ['a broken path of rows', api(url, 'path: /t, by: { id: id }, rows: a..b'), /rows$/, /path/],
    ['a broken pointer', api(url, 'path: /t, by: { id: id }, rows: /a~2'), /rows$/, /path/],
    [
      'a broken column',
      api(url, 'path: /t, by: { id: id }, columns: { a: "" }'),
      /columns$/,
      /paths/,
    ],
    ['another kind of ids', api(url, 'path: /t, by: { id: id }, ids: int'), /ids$/, /uuid/],
    [
      'a table of no name',
      `demo: true\nsources: { a: { kind: rest, ${url}, tables: { __proto__: { path: /t, by: { id: id } } } } }`,
      /__proto__$/,
      /name for a table/,
    ],
  ];
  it.each(apis)('of an API: %s', (_, yaml, where, what, mend = /\w/) => {
    const [first, ...more] = problems(yaml);
    expect(more).toEqual([]);
    expect(first?.where).toMatch(where);
    expect(first?.what).toMatch(what);
    expect(first?.mend).toMatch(mend);
  });

  it.each(['HS256', 'none', 'HS512', 'RSA-OAEP', 'ML-DSA-44'])('algorithm %s', (name) => {
    const yaml = `${sources}identity: { jwks: ./keys.json, issuer: i, audience: a, algorithms: [ES256, ${name}] }`;
    expect(problems(yaml)).toEqual([
      expect.objectContaining({
        where: 'sayso.yaml:2:76 identity.algorithms.1',
        what: 'is not an asymmetric signature algorithm',
      }),
    ]);
  });

  it.each(['31s', '-1s', '1m', '10', 'soon'])('tolerance of %s', (tolerance) => {
    const yaml = `${sources}identity: { jwks: ./keys.json, issuer: i, audience: a, tolerance: ${tolerance} }`;
    expect(problems(yaml)[0]?.what).toContain('0s to 30s');
  });

  it.each(['0.0.0.0', '::', '192.168.1.4', '127.0.0.1.example.com', 'sayso.example'])(
    'demo mode on %s has a code of its own',
    (host) => {
      const error = failure(() => parse(`${demo}listen: { host: "${host}" }`));
      expect(error.code).toBe('DEMO_NOT_LOOPBACK');
      expect(error.problems[0]?.what).toMatch(/^DEMO_NOT_LOOPBACK: .*this machine only/);
    },
  );

  it('says both ways when neither demo nor identity is there', () => {
    expect(problems(sources)[0]?.mend).toMatch(/`demo: true`.*`identity:`/);
  });

  it.each([
    ['PORT', '-1'],
    ['PORT', '4e3'],
    ['SAYSO_SCHEMA', 'gone'],
    ['SAYSO_DATA', 'rules.ts'],
    ['SAYSO_CONFIG', 'gone.yaml'],
    ['SAYSO_CONFIG', 'sdl'],
    ['DATABASE_URL', 'http://h/db'],
    ['SAYSO_LOG', 'verbose'],
  ])('%s=%s', (name, value) => {
    const error = failure(() => parseConfig({ [name]: value }, dir));
    expect(error.problems.map(({ where }) => where)).toEqual([name]);
  });

  it('leaves variables alone that only share the prefix', () => {
    const env = { SAYSO_TEST_DATA: '/x', SAYSO_PORT: 'tcp://10.0.0.1:80', SAYSO_HOST: 'h' };
    expect(parseConfig(env, dir).port).toBe(4000);
  });

  it('never show a secret', () => {
    const secret = 'hunter2';
    const url = `postgres://me:${secret}@h/db`;
    const yamls = [
      `demo: true\nsources: { a: { postgres: "my${url}" }, b: "${url}", "${url}": 1, c: { "${url}": 1 } }\nlog: ${url}`,
      `demo: true\nsources: { a: { postgres: ${url} }`,
      `demo: true\nsources: { a: { postgres: "\${URL}", database: "\${URL}", timeout: "\${URL}" } }`,
      `${sources}identity: { jwks: "https://me:${secret}@h/j", issuer: [${url}], algorithms: ["${url}"] }`,
      `${secret}: &x ${url}\n${secret}: *y`,
      `\t${secret}: {`,
      url,
    ];
    for (const yaml of yamls) {
      const env = {
        URL: `http://me:${secret}@h`,
        DATABASE_URL: `my${url}`,
        SAYSO_LOG: url,
        PORT: url,
      };
      const error = failure(() => parse(yaml, env));
      expect(`${error.message}${JSON.stringify(error)}${error.stack ?? ''}`).not.toContain(
        `:${secret}@`,
      );
    }
  });
});
