import { Command } from 'commander';
import { ConfigError, type Problem } from '../core/errors.ts';
import { makeRoutes } from '../core/make-routes.ts';
import { verifierOf, type Verifier } from '../tlog/note.ts';
import { TlogError } from '../tlog/tlog-error.ts';
import { openWitnessKey } from '../witness/witness-key.ts';
import { createWitnessServer } from '../witness/witness-server.ts';
import { openWitnessStore } from '../witness/witness-store.ts';
import { visible, visibleLines } from './visible.ts';
import { createWitness, type Refused, type WitnessedLog } from '../witness/witness.ts';

interface Options {
  readonly dir: string;
  readonly name?: string;
  readonly log?: readonly string[];
  readonly host: string;
  readonly port: string;
  readonly printKey?: true;
}

const readLogs = (vkeys: readonly string[], problems: Problem[]): readonly WitnessedLog[] => {
  const logs = new Map<string, Map<number, Verifier>>();
  for (const [at, vkey] of vkeys.entries()) {
    try {
      const verifier = verifierOf(vkey);
      const own = logs.get(verifier.name) ?? new Map<number, Verifier>();
      logs.set(verifier.name, own.set(verifier.keyId, verifier));
    } catch (error) {
      if (!(error instanceof TlogError)) throw error;
      const mend = 'give the verifier key of the log, as its operator has it, in quotes';
      problems.push({ where: `--log, number ${at + 1}`, what: error.message, mend });
    }
  }
  if (vkeys.length === 0) {
    const mend = 'give the verifier key of each log that is to be witnessed';
    problems.push({ where: '--log', what: 'there is no log to witness', mend });
  }
  return [...logs].map(([origin, keys]) => ({ origin, verifiers: [...keys.values()] }));
};

const readPort = (text: string, problems: Problem[]): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  const mend = 'give one from 0 to 65535; 0 takes any that is free';
  problems.push({ where: '--port', what: `\`${text}\` is no port`, mend });
  return 0;
};

const warnings: Readonly<Record<Refused['why'], string>> = {
  FORKED: 'FORKED: the log signed two trees of one size. Keep both notes, they prove it',
  INCONSISTENT: 'INCONSISTENT: no proof came that this tree grew out of the one cosigned',
  BEHIND: 'BEHIND: this tree is smaller than the one cosigned; an old one, or the log went back',
};

const quietMs = 60_000;
const lastTold = new Map<string, number>();

/** Once a minute of each log: an old checkpoint can be sent again by anybody, as often as they like. */
const tellRefused = ({ why, origin, offered, cosigned }: Refused): void => {
  const key = `${why} ${origin}`;
  if (performance.now() - (lastTold.get(key) ?? -quietMs) < quietMs) return;
  lastTold.set(key, performance.now());
  const notes = `offered:\n${offered}\ncosigned:\n${cosigned}`;
  console.error(`${new Date().toISOString()} ${warnings[why]}\nlog: ${visible(origin)}`);
  console.error(visibleLines(notes));
};

const reasons: Readonly<Record<string, string | undefined>> = {
  EADDRINUSE: 'another program listens there already',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};

/** What to tell of an address on which nothing can listen. */
const explainListening = (host: string, port: number, error: unknown): unknown => {
  const what = reasons[(error as NodeJS.ErrnoException).code ?? ''];
  if (what === undefined) return error;
  const mend = 'give others with --host and --port';
  return new ConfigError([{ where: `${host}:${port}`, what, mend }]);
};

const serve = async (options: Options): Promise<void> => {
  const problems: Problem[] = [];
  const logs = readLogs(options.log ?? [], problems);
  const port = readPort(options.port, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const key = openWitnessKey(options.dir, options.name);
  const store = openWitnessStore(options.dir);
  const witness = createWitness({ store, logs, cosigner: key.cosigner, onRefused: tellRefused });
  const server = await makeRoutes(async () => {
    const made = createWitnessServer({ witness, vkey: key.public, onError: console.error });
    await made.ready();
    return made;
  });
  const stop = (): void => {
    void server.close().finally(() => {
      store.close();
      process.exit(0);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const { host } = options;
  const url = await server.listen({ host, port }).catch((error: unknown) => {
    store.close();
    throw explainListening(host, port, error);
  });
  const names = logs.map(({ origin }) => `\n  ${visible(origin)}`).join('');
  console.log(`Logs:${names}\nKey:     ${key.public}\nWitness: ${url}`);
};

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `sayso witness`: cosigns checkpoints of other people's logs until it is told to stop. */
export const witnessCommand = (): Command =>
  new Command('witness')
    .description('cosign the checkpoints of audit logs, and refuse those that take anything back')
    .requiredOption('--dir <folder>', 'its own folder: key, and what it has cosigned')
    .option('--name <name>', 'of its key, such as `witness.example.org/sayso`; for the first start')
    .option('--log <vkey>', 'verifier key of a log to witness; may be given again', collect)
    .option('--host <address>', 'to listen at', '127.0.0.1')
    .option('--port <number>', 'to listen at', '4100')
    .option('--print-key', 'print the verifier key of this witness, and end')
    .action(async (options: Options) => {
      if (options.printKey) console.log(openWitnessKey(options.dir, options.name).public);
      else await serve(options);
    });
