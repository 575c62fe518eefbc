import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { startApp } from '../../src/app.ts';
import { readLogKey } from '../../src/audit/log-key.ts';
import { readLogs } from '../../src/audit/log-state.ts';
import { parseCheckpoint } from '../../src/tlog/checkpoint.ts';
import { cosignatureVerifierOf } from '../../src/tlog/cosignature.ts';
import { openNote, parseNote, verifierOf } from '../../src/tlog/note.ts';
import { captureOutput } from '../gateway/canary/log-capture.ts';
import { startTestGateway } from '../setup/gateway.ts';
import { checkByHand, temporaryFolder, textOf } from './drive.ts';
import { runWitness } from './process.ts';
import { windBack } from './wind-back.ts';

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL])
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
  }
`;
const shop = `
  create table customer (id int primary key, email text);
  insert into customer values (1, 'one@example.com');
`;

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

it('a gateway and a witness give each other their keys; a restored backup is refused and told', async () => {
  const output = captureOutput();
  onTestFinished(() => output.stop());
  const folder = temporaryFolder();
  const printed = runWitness('--dir', folder, '--name', 'witness.example/1', '--print-key');
  expect(await printed.ended).toBe(0);
  const key = printed.said().trim();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;

  const gateway = await startTestGateway({
    schema,
    sources: { shop },
    logLevel: 'info',
    witnesses: [{ url, key }],
  });
  onTestFinished(() => gateway.close());
  const log = readLogKey(gateway.config.dataDir)!;
  const args = ['--dir', folder, '--log', log.public, '--port', String(port)];
  const witness = runWitness(...args);
  await witness.listening();

  const state = async () =>
    (await readLogs(gateway.own.knex)).find(({ origin }) => origin === log.origin)!;
  const ask = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      const { status } = await gateway.ask('{ customers { nodes { id } } }', { purpose: 'NEWS' });
      expect(status).toBe(200);
    }
  };
  /** Waits for all that was written to be witnessed. */
  const witnessed = async (): Promise<{ readonly note: string; readonly size: number }> => {
    let found = { note: '', size: -1 };
    await expect
      .poll(
        async () => {
          const { witnessed: note, size } = await state();
          found = { note: note ?? '', size };
          return note !== null && Number(parseCheckpoint(parseNote(note).text).size) === size;
        },
        { timeout: 15_000 },
      )
      .toBe(true);
    return found;
  };

  await ask(3);
  const backup = await witnessed();
  const verifiers = [verifierOf(log.public), cosignatureVerifierOf(key)];
  expect(openNote(backup.note, verifiers).verified).toEqual([log.origin, 'witness.example/1']);
  const line = backup.note.split('\n').find((one) => one.startsWith('— witness.example/1 '))!;
  expect(checkByHand(key, textOf(backup.note), line)).toBeGreaterThan(0);

  await ask(4);
  const { size } = await witnessed();
  const { id, checkpoint } = await state();
  expect(size).toBeGreaterThan(backup.size);
  await gateway.app.close();
  expect(parseNote(checkpoint ?? '').text).toContain(`\n${size}\n`);
  await windBack(gateway.own.knex, id, backup.size, backup.note);

  // The data folder knows what was signed; put back to an older state as well, it does not.
  await expect(startApp({ ...gateway.config, port: 0 })).rejects.toMatchObject({
    code: 'AUDIT_LOG_ROLLED_BACK',
  });
  rmSync(join(gateway.config.dataDir, 'audit', 'signed'));
  const restored = await startApp({ ...gateway.config, port: 0 });
  onTestFinished(() => restored.close());
  await expect.poll(() => output.text(), { timeout: 10_000 }).toContain('AUDIT_LOG_ROLLED_BACK');
  expect(output.text()).toContain(`it cosigned ${size} entries, and the log has ${backup.size}`);
  // Of the same folder, killed: it still knows.
  witness.child.kill('SIGKILL');
  await witness.ended;
  await runWitness(...args).listening();
  const token = await restored.issuer!.mint({ client: 'c', scope: 'purpose:NEWS' });
  for (let more = 0; more < 10; more += 1) {
    const { statusCode } = await restored.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { authorization: `Bearer ${token}`, 'sayso-purpose': 'NEWS' },
      payload: { query: '{ customers { nodes { id } } }' },
    });
    expect(statusCode).toBe(200);
  }
  await expect.poll(() => output.text(), { timeout: 20_000 }).toContain('AUDIT_LOG_FORKED');
  expect((await state()).witnessed).toBe(null);
}, 90_000);
