import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logKey, witnessKey } from '../tlog/keys.ts';
import { leavesOf } from '../tlog/trees.ts';
import { checkByHand, honestBody, noteOf, temporaryFolder, textOf } from '../witness/drive.ts';
import { runWitness, type WitnessProcess } from '../witness/process.ts';

const log = logKey('log.example/1');

/** Exit code and all that was said. */
const result = async ({ ended, said }: WitnessProcess) => ({ code: await ended, said: said() });

const post = async (url: string, body: string) => {
  const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
  return { status: answer.status, text: await answer.text() };
};

describe('sayso witness', () => {
  it('makes a key, cosigns, and keeps both after it was stopped', async () => {
    const folder = temporaryFolder();
    const args = ['--dir', folder, '--log', log.public, '--port', '0'];
    const first = runWitness(...args, '--name', 'w.example/1');
    const url = await first.listening();
    const vkey = /^Key: +(\S+)$/m.exec(first.said())?.[1] ?? '';
    expect(first.said()).toContain('Logs:\n  log.example/1\n');
    expect(await (await fetch(url)).text()).toBe(`${vkey}\n`);
    const { status, text } = await post(url, honestBody(log.signer, 0, leavesOf(5)));
    expect(status).toBe(200);
    const signed = textOf(noteOf(log.signer, leavesOf(5)));
    const seconds = checkByHand(vkey, signed, text.trimEnd());
    expect(Math.abs((seconds ?? 0) - Date.now() / 1_000)).toBeLessThan(30);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    const printed = await result(runWitness('--dir', folder, '--print-key'));
    expect(printed).toEqual({ code: 0, said: `${vkey}\n` });
    const second = runWitness(...args);
    const again = await post(await second.listening(), honestBody(log.signer, 0, leavesOf(4)));
    expect(again).toEqual({ status: 409, text: '5\n' });
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
  });

  it('prints the key that it is to have before it knows any log', async () => {
    const folder = temporaryFolder();
    const { code, said } = await result(
      runWitness('--dir', folder, '--name', 'w.example', '--print-key'),
    );
    expect(code).toBe(0);
    expect(said).toMatch(/^w\.example\+[0-9a-f]{8}\+B[A-Za-z0-9+/]+=*\n$/);
    expect(statSync(join(folder, 'signing.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'signing.key'), 'utf8')).toContain(said);
  });

  it('tells its operator of a fork, with both notes', async () => {
    const folder = temporaryFolder();
    const args = ['--dir', folder, '--name', 'w.example', '--log', log.public, '--port', '0'];
    const witness = runWitness(...args);
    const url = await witness.listening();
    await post(url, honestBody(log.signer, 0, leavesOf(5)));
    const forked = leavesOf(6).slice(1);
    expect(await post(url, honestBody(log.signer, 5, forked))).toMatchObject({ status: 422 });
    await expect.poll(witness.said).toContain(`cosigned:\n${noteOf(log.signer, leavesOf(5))}`);
    expect(witness.said()).toContain('FORKED: the log signed two trees of one size');
    expect(witness.said()).toContain(noteOf(log.signer, forked));
  });

  it('has its folder to itself, until it is killed', async () => {
    const folder = temporaryFolder();
    const args = ['--dir', folder, '--name', 'w.example', '--log', log.public, '--port', '0'];
    const first = runWitness(...args);
    await first.listening();
    const second = await result(runWitness(...args));
    expect(second.code).toBe(1);
    expect(second.said).toContain('WITNESS_FOLDER_IN_USE');
    expect(second.said).toContain(`in use by the witness with pid ${first.child.pid}`);
    first.child.kill('SIGKILL');
    await first.ended;
    await runWitness(...args).listening();
  });

  it('lists all that is wrong with its settings', async () => {
    const { code, said } = await result(
      runWitness(
        ...['--dir', temporaryFolder(), '--name', 'w', '--port', '99999'],
        ...['--log', 'nonsense', '--log', witnessKey('w').public],
      ),
    );
    expect(code).toBe(1);
    expect(said).toContain('the configuration has 3 problem(s)');
    expect(said).toContain('--log, number 1\n    the public key of `nonsense` is not');
    expect(said).toContain('--log, number 2\n    the public key of `w` is of type 4');
    expect(said).toContain('--port\n    `99999` is no port\n    mend: give one from 0 to 65535');
  });

  it.each([
    [['--log', log.public], 2, "required option '--dir <folder>' not specified"],
    [['--dir', 'DIR', '--name', 'w'], 1, 'there is no log to witness'],
    [['--dir', 'DIR', '--log', log.public], 1, 'the folder has no key yet'],
    [['--dir', 'DIR', '--name', 'a b', '--log', log.public], 1, 'cannot name a key'],
    [['--dir', 'DIR', '--print-key'], 1, 'the folder has no key yet'],
  ])('says what is missing: %j', async (args, code, what) => {
    const folder = temporaryFolder();
    const given = args.map((arg) => (arg === 'DIR' ? folder : arg));
    const { said, ...ended } = await result(runWitness(...given));
    expect(ended.code).toBe(code);
    expect(said).toContain(what);
  });

  it('says when the port is taken, and lets go of the folder', async () => {
    const first = runWitness(
      ...['--dir', temporaryFolder(), '--name', 'w', '--log', log.public, '--port', '0'],
    );
    const port = new URL(await first.listening()).port;
    const folder = temporaryFolder();
    const args = ['--dir', folder, '--name', 'w', '--log', log.public];
    const { code, said } = await result(runWitness(...args, '--port', port));
    expect({ code, said }).toMatchObject({
      code: 1,
      said: expect.stringContaining('another program listens there already'),
    });
    await runWitness(...args, '--port', '0').listening();
  });
});
