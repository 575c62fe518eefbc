import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWitnessKey } from '../../src/witness/witness-key.ts';
import { openWitnessStore } from '../../src/witness/witness-store.ts';
import { logKey } from '../tlog/keys.ts';
import { leavesOf, naiveRoot } from '../tlog/trees.ts';
import { noteOf, temporaryFolder } from './drive.ts';

const stateOf = (size: number, name = 'log.example') => {
  const note = noteOf(logKey(name).signer, leavesOf(size));
  return { size: BigInt(size), root: naiveRoot(leavesOf(size)), seconds: 7, note };
};

const written = (origin = 'log.example') => {
  const folder = temporaryFolder();
  openWitnessKey(folder, 'w.example');
  const store = openWitnessStore(folder);
  expect(store.read(origin)).toBe(undefined);
  expect(store.replace(origin, 0, stateOf(3, origin))).toBe(true);
  store.close();
  const [digest = ''] = readdirSync(join(folder, 'logs'));
  return { folder, logs: join(folder, 'logs'), own: join(folder, 'logs', digest) };
};

const refuses = (folder: string, what: RegExp): void => {
  expect(() => openWitnessStore(folder)).toThrow(
    expect.objectContaining({
      code: 'WITNESS_STATE_INVALID',
      message: expect.stringMatching(what),
    }),
  );
};

describe('what was cosigned', () => {
  it('is there after the folder was opened anew, as one file for each log', () => {
    const { folder, own } = written();
    const store = openWitnessStore(folder);
    expect(store.read('log.example')).toMatchObject({ size: 3n, seconds: 7, turn: 1 });
    expect(store.replace('log.example', 1, stateOf(4))).toBe(true);
    expect(readdirSync(own)).toEqual(['2']);
    store.close();
  });

  it('lies only in the folder, whatever a log is called', () => {
    const { folder, logs } = written('../../../etc/passwd');
    expect(readdirSync(logs)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    openWitnessStore(folder).close();
  });

  it('is not replaced from a state that is no longer the last', () => {
    const { folder } = written();
    const store = openWitnessStore(folder);
    expect(store.replace('log.example', 0, stateOf(9))).toBe(false);
    expect(store.replace('log.example', 1, stateOf(4))).toBe(true);
    expect(store.replace('log.example', 2, stateOf(5))).toBe(true);
    // As a process that slept, was taken for dead, and wakes up.
    expect(store.replace('log.example', 1, stateOf(9))).toBe(false);
    expect(store.read('log.example')).toMatchObject({ size: 5n, turn: 3 });
    store.close();
  });

  it('belongs to its owner alone', () => {
    const { folder, own } = written();
    for (const path of [join(folder, 'signing.key'), join(folder, 'cosigned'), join(own, '1')]) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  });
});

describe('does not begin anew', () => {
  it.each<[string, (path: string) => void]>([
    ['is empty', (path) => writeFileSync(path, '')],
    ['is cut off', (path) => writeFileSync(path, readFileSync(path).subarray(0, -20))],
    ['is of another form', (path) => writeFileSync(path, '{"size":0}')],
    [
      'has a smaller size',
      (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('\n3\n', '\n2\n')),
    ],
    [
      'is a folder',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
    ['is gone', (path) => rmSync(path)],
    ['is gone with its folder', (path) => rmSync(join(path, '..'), { recursive: true })],
    ['is gone with all others', (path) => rmSync(join(path, '../..'), { recursive: true })],
  ])('when a state %s', (_how, harm) => {
    const { folder, own } = written();
    harm(join(own, '1'));
    refuses(folder, /no longer knows what it cosigned/);
    expect(() => openWitnessStore(folder)).toThrow(/mend: put the very file back/);
  });

  it('when any byte of a state is another', () => {
    const { folder, own } = written();
    const path = join(own, '1');
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += 1) {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 1;
      writeFileSync(path, copy);
      refuses(folder, /cannot be used/);
    }
  });

  it('when the state is one of another log', () => {
    const { folder, own } = written();
    const store = openWitnessStore(folder);
    store.read('other.example');
    store.replace('other.example', 0, stateOf(2, 'other.example'));
    store.close();
    const another = readdirSync(join(folder, 'logs'))
      .map((name) => join(folder, 'logs', name))
      .find((path) => path !== own)!;
    renameSync(join(another, '1'), join(own, '1'));
    refuses(folder, /of another log|is gone/);
  });

  it('when the register is gone, empty or changed', () => {
    const { folder } = written();
    const register = join(folder, 'cosigned');
    const text = readFileSync(register, 'utf8');
    writeFileSync(register, text.slice(0, -1));
    refuses(folder, /ends within a line/);
    writeFileSync(register, text.replace('log.example', 'log.exbmple'));
    refuses(folder, /line 1/);
    rmSync(register);
    refuses(folder, /it is gone/);
    expect(() => openWitnessKey(folder)).toThrow(/it is gone/);
  });

  it('when the key is gone', () => {
    const { folder } = written();
    rmSync(join(folder, 'signing.key'));
    expect(() => openWitnessKey(folder, 'w.example')).toThrow(/the key is gone/);
    expect(existsSync(join(folder, 'signing.key'))).toBe(false);
  });

  it('when a state vanishes while it runs', () => {
    const { folder, own } = written();
    const store = openWitnessStore(folder);
    rmSync(join(own, '1'));
    expect(() => store.read('log.example')).toThrow(/is gone/);
    store.close();
  });
});

describe('goes on', () => {
  it('after it was killed before the first state was entered into the register', () => {
    const { folder } = written();
    writeFileSync(join(folder, 'cosigned'), '');
    const store = openWitnessStore(folder);
    expect(store.read('log.example')).toMatchObject({ size: 3n, turn: 1 });
    store.replace('log.example', 1, stateOf(4));
    store.close();
    expect(readFileSync(join(folder, 'cosigned'), 'utf8')).toMatch(/^[0-9a-f]{64} log\.example\n$/);
  });

  it('after it was killed while it wrote', () => {
    const { folder, own } = written();
    writeFileSync(join(own, '2.0123456789ab.new'), 'half');
    const store = openWitnessStore(folder);
    expect(readdirSync(own)).toEqual(['1']);
    expect(store.read('log.example')).toMatchObject({ size: 3n });
    store.close();
  });
});

describe('the key', () => {
  it('is made once, and keeps its name', () => {
    const folder = temporaryFolder();
    expect(() => openWitnessKey(folder)).toThrow(/--name\n.*the folder has no key yet/);
    const { public: vkey } = openWitnessKey(folder, 'w.example');
    expect(openWitnessKey(folder).public).toBe(vkey);
    expect(() => openWitnessKey(folder, 'v.example')).toThrow(/a key never changes its name/);
  });

  it('is refused without a word of its secret when it is none', () => {
    const folder = temporaryFolder();
    openWitnessKey(folder, 'w.example');
    const path = join(folder, 'signing.key');
    const [secret = '', vkey = ''] = readFileSync(path, 'utf8').split('\n');
    for (const text of [
      '',
      `${secret}\n`,
      `${vkey}\n${secret}\n`,
      `${secret.slice(0, -4)}\n${vkey}\n`,
    ]) {
      writeFileSync(path, text);
      expect(() => openWitnessKey(folder)).toThrow(/this is no signing key of a witness/);
      expect(() => openWitnessKey(folder)).not.toThrow(secret.split('+').at(-1));
    }
    expect(() => openWitnessKey(temporaryFolder(), 'a b')).toThrow(/cannot name a key/);
  });
});
