import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../setup/gateway.ts';
import { groupCases, readCase } from './golden-case.ts';
import { runCase, startFor, stop } from './run-case.ts';

const update = process.env['UPDATE_GOLDEN'] === '1';
if (update && process.env['CI']) throw new Error('golden outputs are not rewritten in CI');

const here = import.meta.dirname;
const entries = await readdir(here, { withFileTypes: true });
const folders = entries.filter((one) => one.isDirectory()).map(({ name }) => join(here, name));
const cases = await Promise.all(folders.sort().map(readCase));

const recorded = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(() => 'not recorded yet: run with UPDATE_GOLDEN=1 and read it');

const groups = groupCases(cases);
const started = new Map<number, Promise<TestGateway>>();
const closing: Promise<void>[] = [];

/** Starting and closing is mostly waiting for disks, so the next one starts meanwhile. */
const start = (index: number): Promise<TestGateway> | undefined => {
  const first = groups[index]?.[0];
  if (!started.has(index) && first) {
    const gateway = startFor(first);
    gateway.catch(() => undefined); // told when its turn comes
    started.set(index, gateway);
  }
  return started.get(index);
};

const close = async (index: number): Promise<void> => {
  const gateway = started.get(index);
  started.delete(index);
  if (gateway) await stop(await gateway);
};

afterAll(async () => {
  await Promise.all([...closing, ...[...started.keys()].map(close)]);
});

describe.each(groups.map((group, index) => ({ group, index })))('golden', ({ group, index }) => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = (await start(index))!;
    void start(index + 1);
  });
  afterAll(() => {
    closing.push(close(index));
  });

  it.each(group)('$name', async (one) => {
    const { status, files, agreed } = await runCase(gateway, one);
    expect(status).toBe(one.context.status);
    for (const [told, known] of agreed) expect(told).toEqual(known);
    for (const [name, text] of Object.entries(files)) {
      const file = join(one.folder, name);
      if (update) await writeFile(file, text);
      expect.soft(text, `${one.name}/${name}`).toBe(await recorded(file));
    }
  });
});
