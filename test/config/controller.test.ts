import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { ConfigError } from '../../src/core/errors.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sayso-controller-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const needed = `
  name: Example Ltd
  address: 1 Example Street
  contact: Privacy desk
  jurisdiction: IE
`;
const parse = (controller: string): Config => {
  writeFileSync(
    join(folder, 'sayso.yaml'),
    `demo: true\nsources: { shop: { database: shop } }\ncontroller:${controller}`,
  );
  return parseConfig({ SAYSO_CONFIG: 'sayso.yaml' }, folder);
};
const problems = (controller: string) => {
  try {
    parse(controller);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('the controller', () => {
  it('may be left out', () => {
    writeFileSync(join(folder, 'none.yaml'), 'demo: true\nsources: { shop: { database: shop } }\n');
    expect(parseConfig({ SAYSO_CONFIG: 'none.yaml' }, folder)).not.toHaveProperty('controller');
  });

  it('needs four things', () => {
    expect(parse(needed).controller).toEqual({
      name: 'Example Ltd',
      address: '1 Example Street',
      contact: 'Privacy desk',
      jurisdiction: 'IE',
      storageLocations: [],
    });
    expect(
      problems(' {}').map(({ where, what }) => `${where.split(' ')[1] ?? ''} ${what}`),
    ).toEqual([
      'controller.name is missing',
      'controller.address is missing',
      'controller.contact is missing',
      'controller.jurisdiction is missing',
    ]);
  });

  it('is kept whole, and frozen', () => {
    const { controller } = parse(`${needed}
  email: privacy@example.com
  phone: +1 555 0100
  url: https://example.com/
  policyUrl: https://example.com/privacy
  dataProtectionOfficer: A. Sample
  storageLocations: [IE, the cellar]
  withdrawal: Write to us
`);
    expect(controller).toMatchObject({
      email: 'privacy@example.com',
      phone: '+1 555 0100',
      url: 'https://example.com/',
      policyUrl: 'https://example.com/privacy',
      dataProtectionOfficer: 'A. Sample',
      storageLocations: ['IE', 'the cellar'],
      withdrawal: 'Write to us',
    });
    expect(Object.isFrozen(controller?.storageLocations)).toBe(true);
  });

  it('of the sample shop is nobody', () => {
    const { controller } = parseConfig({}, folder);
    expect(controller?.name).toContain('made up');
    expect(JSON.stringify(controller)).not.toMatch(
      /@(?!example\.com)|https:\/\/(?!shop\.example\.com)/,
    );
  });

  it.each([
    ['jurisdiction', 'Ireland', /ISO 3166/],
    ['jurisdiction', 'XX', /ISO 3166/],
    ['email', 'nobody', /e-mail/],
    ['email', '"a@b c"', /e-mail/],
    ['url', 'javascript:alert(1)', /https/],
    ['url', '"https://user:secret@example.com/"', /https/],
    ['policyUrl', '"https://example.com/a b"', /https/],
    ['name', '""', /name/],
    ['address', '"one\\ntwo"', /one line/],
    ['storageLocations', 'IE', /list/],
    ['storageLocations', '[""]', /place/],
    ['websit', 'x', /not a known key/],
  ])('refuses %s: %s', (key, value, what) => {
    const others = needed
      .split('\n')
      .filter((line) => !line.startsWith(`  ${key}:`))
      .join('\n');
    const found = problems(`${others}  ${key}: ${value}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]?.where).toContain(`controller.${key}`);
    expect(found[0]?.what).toMatch(what);
    expect(JSON.stringify(found)).not.toContain('secret');
  });
});
