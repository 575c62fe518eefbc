import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { keepWitnessed } from '../../src/audit/keep-witnessed.ts';
import { openLogKey } from '../../src/audit/log-key.ts';
import { readLog, type LogState } from '../../src/audit/log-state.ts';
import { openAuditLog } from '../../src/audit/open-audit-log.ts';
import { createSubmitter, type WitnessReport } from '../../src/audit/submit-checkpoint.ts';
import type { WitnessAddress } from '../../src/audit/witness-client.ts';
import { parseCheckpoint } from '../../src/tlog/checkpoint.ts';
import { openNote, parseNote, verifierOf, type Verifier } from '../../src/tlog/note.ts';
import { createWitnessServer } from '../../src/witness/witness-server.ts';
import { openWitnessStore } from '../../src/witness/witness-store.ts';
import { createWitness } from '../../src/witness/witness.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { witnessKey } from '../tlog/keys.ts';
import { checkByHand, temporaryFolder, textOf } from '../witness/drive.ts';
import { windBack } from '../witness/wind-back.ts';
import { byKnex } from '../../src/core/statement.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
});
afterAll(() => database.drop());

const entry = (): AuditEntry => ({
  kind: 'operation',
  id: randomUUID(),
  client: 'shop',
  actor: 'client:shop',
  documentHash: 'b'.repeat(64),
  policy: `sha256:${'a'.repeat(64)}`,
  notices: [],
  outcome: 'ANSWERED',
  signals: [],
  errors: [],
  coordinates: [],
  sets: [],
  decisions: [],
});

/** A log of its own on the database; each `open` is another start of its gateway. */
const newLog = () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sayso-submit-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const key = openLogKey(dataDir, 'audit.example');
  const open = async (...witnesses: readonly WitnessAddress[]) => {
    const reports: WitnessReport[] = [];
    const errors: unknown[] = [];
    const log = await openAuditLog({
      knex: database.knex,
      dataDir,
      origin: 'audit.example',
      witnesses,
      onWitness: (report) => reports.push(report),
      onError: (error) => errors.push(error),
    });
    onTestFinished(() => log.close());
    const append = async (count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, () => log.store.append(entry())));
    };
    const state = async (): Promise<LogState> => (await readLog(byKnex(database.knex), log.id))!;
    const until = async (holds: (state: LogState) => boolean): Promise<LogState> => {
      for (let tries = 0; tries < 300; tries += 1) {
        const now = await state();
        if (holds(now)) return now;
        await sleep(50);
      }
      throw new Error(JSON.stringify({ now: await state(), reports, errors }));
    };
    const codes = (): readonly string[] => [...new Set(reports.map(({ code }) => code))];
    return { ...log, reports, errors, append, state, until, codes };
  };
  /** As if the data folder had been put back as well: it knows what was signed. */
  const forget = (): void => rmSync(join(dataDir, 'audit', 'signed'));
  return { key, verifier: verifierOf(key.public), open, forget };
};

const sizeOf = (note: string | null): number =>
  note === null ? -1 : Number(parseCheckpoint(parseNote(note).text).size);
const witnessedAt = (size: number) => (state: LogState) => sizeOf(state.witnessed) === size;

/** A witness in this process, on a port. */
const startWitness = async (
  log: { readonly name: string; readonly verifier: Verifier },
  options: {
    port?: number;
    name?: string;
    folder?: string;
    key?: ReturnType<typeof witnessKey>;
  } = {},
) => {
  const key = options.key ?? witnessKey(options.name ?? 'w.example');
  const store = openWitnessStore(options.folder ?? temporaryFolder());
  const witness = createWitness({
    store,
    logs: [{ origin: log.name, verifiers: [log.verifier] }],
    cosigner: key.cosigner,
  });
  const errors: unknown[] = [];
  const server = createWitnessServer({
    witness,
    vkey: key.public,
    onError: (error) => errors.push(error),
  });
  const url = await server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  const close = async (): Promise<void> => {
    await server.close();
    store.close();
  };
  onTestFinished(close);
  return { url, key: key.public, name: key.cosigner.name, verifier: key.verifier, errors, close };
};
const named = ({ key, verifier }: ReturnType<typeof newLog>) => ({ name: key.origin, verifier });

/** Something else that listens where a witness should. */
const startOther = async (
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> => {
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe('a checkpoint', () => {
  it('is cosigned as the log grows, and verifies with both keys', async () => {
    const log = newLog();
    const witness = await startWitness(named(log));
    const { append, until, reports } = await log.open({ url: `${witness.url}/`, key: witness.key });
    for (const size of [1, 3, 300]) {
      const before = size === 300 ? 3 : size === 3 ? 1 : 0;
      await append(size - before);
      const { witnessed } = await until(witnessedAt(size));
      const note = witnessed ?? '';
      const opened = openNote(note, [log.verifier, witness.verifier]);
      expect(opened.verified).toEqual([log.key.origin, 'w.example']);
      const line = note.split('\n').find((one) => one.startsWith('— w.example '))!;
      expect(checkByHand(witness.key, textOf(note), line)).toBeGreaterThan(1_700_000_000);
    }
    expect(reports).toEqual([]);
    expect(witness.errors).toEqual([]);
  });

  it('holds the lines of all witnesses', async () => {
    const log = newLog();
    const witnesses = await Promise.all(
      ['a.example', 'b.example', 'c.example'].map((name) => startWitness(named(log), { name })),
    );
    const { append, until } = await log.open(...witnesses);
    await append(5);
    const verifiers = [log.verifier, ...witnesses.map(({ verifier }) => verifier)];
    await until(
      ({ witnessed }) => witnessed !== null && openNote(witnessed, verifiers).verified.length === 4,
    );
  });

  it('goes on after a restart of the gateway, from the size that the witness names', async () => {
    const log = newLog();
    const witness = await startWitness(named(log));
    const first = await log.open(witness);
    await first.append(4);
    await first.until(witnessedAt(4));
    await first.close();
    const second = await log.open(witness);
    await second.append(3);
    await second.until(witnessedAt(7));
    expect([...first.reports, ...second.reports]).toEqual([]);
  });

  it('that was signed last is cosigned while the process ends, or at its next start', async () => {
    const log = newLog();
    const witness = await startWitness(named(log));
    const first = await log.open(witness);
    await first.append(4);
    await first.close();
    expect(witnessedAt(4)(await first.state())).toBe(true);
    const alone = await log.open();
    await alone.append(1);
    await alone.close();
    const second = await log.open(witness);
    await second.until(witnessedAt(5));
  });

  it('with the lines of a witness never takes the place of a larger one', async () => {
    const log = newLog();
    const witness = await startWitness(named(log));
    const { id, append, until, state } = await log.open(witness);
    await append(2);
    const older = (await until(witnessedAt(2))).witnessed ?? '';
    await append(2);
    const newer = (await until(witnessedAt(4))).witnessed;
    await keepWitnessed(database.knex, id, older, []);
    expect((await state()).witnessed).toBe(newer);
  });
});

describe('a witness that does not answer', () => {
  it('holds nobody up, neither answers nor other witnesses', async () => {
    const log = newLog();
    const silent = await startOther(() => undefined);
    const witness = await startWitness(named(log));
    const started = await log.open(witness, { url: silent, key: witnessKey('s').public });
    const begin = performance.now();
    await started.append(20);
    expect(performance.now() - begin).toBeLessThan(3_000);
    await started.until(witnessedAt(20));
    await expect.poll(started.codes, { timeout: 15_000 }).toEqual(['WITNESS_UNAVAILABLE']);
    for (let size = 21; size < 26; size += 1) {
      await started.append(1);
      const appended = performance.now();
      await started.until(witnessedAt(size));
      expect(performance.now() - appended).toBeLessThan(4_000);
      await sleep(300);
    }
    const closing = performance.now();
    await started.close();
    expect(performance.now() - closing).toBeLessThan(6_000);
  });

  it('is told of once, tried again, and told of when it cosigns', async () => {
    const log = newLog();
    const key = witnessKey('w.example');
    const folder = temporaryFolder();
    const before = await startWitness(named(log), { key, folder });
    await before.close();
    const port = Number(new URL(before.url).port);
    const { append, until, reports } = await log.open(before);
    await append(2);
    await sleep(2_500);
    expect(reports).toMatchObject([{ level: 'warn', code: 'WITNESS_UNAVAILABLE' }]);
    expect(reports[0]?.message).toContain('witness `w.example`');
    await startWitness(named(log), { key, folder, port });
    await until(witnessedAt(2));
    await sleep(100);
    expect(reports.map(({ code }) => code)).toEqual(['WITNESS_UNAVAILABLE', 'WITNESS_COSIGNS']);
  });
});

it('is told of by the code of an error alone, if that is not ours', async () => {
  const log = newLog();
  const { append, until } = await log.open();
  await append(3);
  const { checkpoint } = await until(({ checkpoint: note }) => note !== null);
  const url = await startOther((_request, response) => {
    // A proof from there is to be made now, which asks the database.
    response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('1\n');
  });
  const broken = Object.assign(new Error('select hashes - person 4711'), { code: '57P01' });
  const reports: WitnessReport[] = [];
  const submitter = createSubmitter({
    // Nothing else is ever called.
    knex: {
      raw: () => ({ timeout: () => Promise.reject(broken) }),
    } as unknown as typeof database.knex,
    log: 1,
    witnesses: [{ url, key: witnessKey('w.example').public }],
    report: (report) => reports.push(report),
  });
  submitter.submit(checkpoint ?? '');
  await expect.poll(() => reports.length).toBe(1);
  await submitter.close();
  expect(reports[0]?.message).toBe('witness `w.example`: it failed with 57P01');
});

describe('what is no cosignature by the key that was configured', () => {
  it('is dropped and told of', async () => {
    const log = newLog();
    const impostor = await startWitness(named(log));
    const { append, state, reports } = await log.open({
      url: impostor.url,
      key: witnessKey('w.example').public,
    });
    await append(2);
    await expect.poll(() => reports.length).toBeGreaterThan(0);
    expect(reports[0]).toMatchObject({ level: 'error', code: 'WITNESS_WRONG' });
    expect((await state()).witnessed).toBe(null);
  });

  it.each<[string, string, (response: ServerResponse) => void]>([
    ['a web page', 'WITNESS_WRONG', (response) => response.end('<html>\n\nhello')],
    ['nothing', 'WITNESS_WRONG', (response) => response.end()],
    [
      'a signature of nothing',
      'WITNESS_WRONG',
      (response) => response.end(`— w ${Buffer.alloc(76).toString('base64')}\n`),
    ],
    [
      'no end',
      'WITNESS_UNAVAILABLE',
      (response) => {
        const write = () => {
          while (!response.destroyed && response.write('x'.repeat(10_000)));
        };
        response.on('drain', write);
        write();
      },
    ],
    [
      'a conflict without a size',
      'WITNESS_REFUSED',
      (response) => response.writeHead(409).end('x'),
    ],
    [
      'a conflict over and over',
      'WITNESS_REFUSED',
      (response) => response.writeHead(409).end('0\n'),
    ],
    ['somewhere else', 'WITNESS_REFUSED', (response) => response.writeHead(302).end()],
    ['404', 'WITNESS_REFUSED', (response) => response.writeHead(404).end()],
    ['403', 'WITNESS_REFUSED', (response) => response.writeHead(403).end()],
    ['500', 'WITNESS_UNAVAILABLE', (response) => response.writeHead(500).end()],
  ])('%s', async (_what, code, answer) => {
    const log = newLog();
    const url = await startOther((_request, response) => answer(response));
    const { append, state, reports, errors } = await log.open({
      url,
      key: witnessKey('w').public,
    });
    await append(2);
    await expect.poll(() => reports.length, { timeout: 5_000 }).toBeGreaterThan(0);
    expect(reports[0]).toMatchObject({ code, witness: url });
    expect((await state()).witnessed).toBe(null);
    expect(errors).toEqual([]);
  });
});

describe('a log that went back', () => {
  it('is found at the start, and again when it has grown beyond what the witness saw', async () => {
    const log = newLog();
    const witness = await startWitness(named(log));
    const first = await log.open(witness);
    await first.append(3);
    const { checkpoint } = await first.until(witnessedAt(3));
    await first.append(4);
    await first.until(witnessedAt(7));
    await first.close();
    await windBack(database.knex, first.id, 3, checkpoint);
    log.forget();

    const second = await log.open(witness);
    await expect.poll(second.codes).toEqual(['AUDIT_LOG_ROLLED_BACK']);
    expect(second.reports[0]).toMatchObject({ level: 'error', witness: witness.url });
    expect(second.reports[0]?.message).toContain('it cosigned 7 entries, and the log has 3');
    // Entries are still written: whether to go on is the operator's to say.
    await second.append(6);
    await expect.poll(second.codes, { timeout: 10_000 }).toContain('AUDIT_LOG_FORKED');
    expect((await second.state()).witnessed).toBe(null);
    expect(second.reports.at(-1)).toMatchObject({ level: 'error' });
  });

  it('is found when it has as many entries as before, but others', async () => {
    const log = newLog();
    const witness = await startWitness(named(log));
    const first = await log.open(witness);
    await first.append(5);
    await first.until(witnessedAt(5));
    await first.close();
    await windBack(database.knex, first.id, 0, null);
    log.forget();
    const second = await log.open(witness);
    await second.append(5);
    await expect.poll(second.codes, { timeout: 10_000 }).toContain('AUDIT_LOG_FORKED');
    expect((await second.state()).witnessed).toBe(null);
  });

  it('is not taken for one where only the checkpoint is an older one', async () => {
    const log = newLog();
    const witness = await startWitness(named(log));
    const first = await log.open(witness);
    await first.append(3);
    const { checkpoint } = await first.until(witnessedAt(3));
    await first.append(2);
    await first.until(witnessedAt(5));
    await first.close();
    await database.knex.raw(
      'update audit_log set checkpoint = ?, checkpoint_size = 3 where id = ?',
      [checkpoint, first.id],
    );
    const second = await log.open(witness);
    await second.append(1);
    await second.until(witnessedAt(6));
    expect(second.reports).toEqual([]);
  });
});

describe('settings', () => {
  const submitter = (...witnesses: readonly WitnessAddress[]) =>
    createSubmitter({ knex: database.knex, log: 1, witnesses, report: () => undefined });
  const url = 'http://127.0.0.1:1';

  it('name the witness whose key is none', () => {
    const good = witnessKey('w').public;
    expect(() => submitter({ url, key: good }, { url, key: newLog().key.public })).toThrow(
      /audit\.witnesses\.1\.key\n.*is of type 1/,
    );
    expect(() => submitter({ url, key: good }, { url, key: good })).toThrow(
      /audit\.witnesses\.1\.key\n.*another witness has this key/,
    );
  });
});
