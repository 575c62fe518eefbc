import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.ts';
import { openDemoIssuer } from '../../src/identity/demo-issuer.ts';
import { createVerifier } from '../../src/identity/verify-token.ts';

let dir = '';
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'sayso demo '))));
afterAll(() => rmSync(dir, { recursive: true }));

describe('the issuer of demo mode', () => {
  it('mints tokens that the default configuration accepts', async () => {
    const { identity } = parseConfig({ SAYSO_DATA: join(dir, 'a', 'b') }, dir);
    const verify = createVerifier(identity);
    await expect(verify('Bearer e30.e30.YWFh')).rejects.toThrow();
    const { mint } = await openDemoIssuer(join(dir, 'a', 'b'));
    const own = await verify(
      `Bearer ${await mint({ client: 'web', scope: ' purpose:FULFILMENT  x ', subject: '7', roles: ['staff'] })}`,
    );
    expect(own).toMatchObject({ client: 'web', sub: '7', subject: '7' });
    expect([...own.purposes]).toEqual(['FULFILMENT']);
    expect(own.claims['roles']).toEqual(['staff']);
    const machine = await verify(`Bearer ${await mint({ client: 'crm', scope: '' })}`);
    expect(machine).toMatchObject({ client: 'crm', sub: 'client:crm' });
    expect(machine).not.toHaveProperty('subject');
  });

  it('writes what RFC 9068 asks for', async () => {
    const { mint } = await openDemoIssuer(dir);
    const token = await mint({ client: 'web', scope: 'a', lifetimeSeconds: 60 });
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' });
    const { iat, exp, jti, ...rest } = decodeJwt(token);
    expect(rest).toEqual({
      iss: 'sayso-demo',
      aud: 'sayso',
      sub: 'client:web',
      client_id: 'web',
      scope: 'a',
    });
    expect(exp! - iat!).toBe(60);
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('keeps the private key to its owner and publishes only the public half', async () => {
    await openDemoIssuer(dir);
    expect(statSync(join(dir, 'demo-key.json')).mode & 0o777).toBe(0o600);
    const { keys } = JSON.parse(readFileSync(join(dir, 'demo-jwks.json'), 'utf8')) as {
      keys: [object];
    };
    expect(Object.keys(keys[0]).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });

  it('keeps its key from one start to the next', async () => {
    const token = await (await openDemoIssuer(dir)).mint({ client: 'a', scope: '' });
    await openDemoIssuer(dir);
    rmSync(join(dir, 'demo-jwks.json'));
    await openDemoIssuer(dir);
    const { identity } = parseConfig({ SAYSO_DATA: dir }, dir);
    expect((await createVerifier(identity)(`Bearer ${token}`)).client).toBe('a');
  });

  it('ends with one key when several processes start at once, and leaves no drafts', async () => {
    const shared = join(dir, 'shared');
    const script = `import { openDemoIssuer } from './src/identity/demo-issuer.ts';
      const { mint } = await openDemoIssuer(process.argv[1]);
      process.stdout.write(await mint({ client: 'p', scope: '' }));`;
    const args = ['--import', './bin/typescript.js', '--input-type=module', '-e', script, shared];
    const runs = [1, 2].map(() => promisify(execFile)(process.execPath, args));
    const inside = [1, 2, 3, 4].map(async () =>
      (await openDemoIssuer(shared)).mint({ client: 'p', scope: '' }),
    );
    const tokens = [
      ...(await Promise.all(inside)),
      ...(await Promise.all(runs)).map((r) => r.stdout),
    ];
    const { identity } = parseConfig({ SAYSO_DATA: shared }, dir);
    const verify = createVerifier(identity);
    for (const token of tokens) expect((await verify(`Bearer ${token}`)).client).toBe('p');
    expect(readdirSync(shared).toSorted()).toEqual(['demo-jwks.json', 'demo-key.json']);
  });

  it.each([
    '',
    '{}',
    '{"kty":"oct","k":"YQ"}',
    'x',
    '{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}',
  ])('does not start with a key file that holds %s, and keeps that file', async (content) => {
    const broken = mkdtempSync(join(dir, 'broken-'));
    writeFileSync(join(broken, 'demo-key.json'), content);
    await expect(openDemoIssuer(broken)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(readFileSync(join(broken, 'demo-key.json'), 'utf8')).toBe(content);
    expect(existsSync(join(broken, 'demo-jwks.json'))).toBe(false);
  });

  it.each([
    ['no client', { client: '' }, /client/],
    ['a client with a space', { client: 'a b' }, /client/],
    ['a scope with a quote', { scope: 'a "b' }, /scope/],
    ['a purpose without name', { scope: 'purpose:' }, /purpose/],
    ['a purpose that is no name', { scope: 'purpose:a-b' }, /purpose/],
    ['an empty subject', { subject: '' }, /subject/],
    ['a subject with a line break', { subject: 'a\nb' }, /subject/],
    ['the client as subject', { subject: 'web' }, /subject/],
    ['an empty role', { roles: [''] }, /role/],
    ['no lifetime', { lifetimeSeconds: 0 }, /lifetime/],
    ['half a second', { lifetimeSeconds: 0.5 }, /lifetime/],
    ['a year', { lifetimeSeconds: 366 * 24 * 3600 }, /lifetime/],
  ])('mints nothing for %s', async (_, changes, message) => {
    const { mint } = await openDemoIssuer(dir);
    const minting = mint({ client: 'web', scope: 'a', ...changes });
    await expect(minting).rejects.toMatchObject({ code: 'TOKEN_REQUEST_INVALID', status: 400 });
    await expect(minting).rejects.toThrow(message);
  });
});
