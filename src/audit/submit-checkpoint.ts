import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { Agent } from 'undici';
import { ConfigError } from '../core/errors.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';
import { consistencyProof } from '../tlog/tiles.ts';
import { TlogError } from '../tlog/tlog-error.ts';
import { keepWitnessed } from './keep-witnessed.ts';
import { databaseTiles, readLog } from './log-state.ts';
import { toldError } from './told-error.ts';
import {
  createWitnessClient,
  type WitnessAddress,
  type WitnessClient,
  type WitnessWord,
} from './witness-client.ts';
import { byKnex } from '../core/statement.ts';

/** What is to be told about a witness. */
export interface WitnessReport {
  readonly level: 'info' | 'warn' | 'error';
  readonly code: WitnessCode;
  /** Its address. */
  readonly witness: string;
  readonly message: string;
}

export type WitnessCode =
  /** The witness has seen more of the log than there is. */
  | 'AUDIT_LOG_ROLLED_BACK'
  /** The witness has seen another log of this name. */
  | 'AUDIT_LOG_FORKED'
  | 'WITNESS_UNAVAILABLE'
  | 'WITNESS_REFUSED'
  /** It answered with something that its key did not sign. */
  | 'WITNESS_WRONG'
  | 'WITNESS_COSIGNS';

export interface SubmitterOptions {
  readonly knex: Knex;
  readonly log: number;
  readonly witnesses: readonly WitnessAddress[];
  readonly report: (report: WitnessReport) => void;
  readonly timeoutMs?: number;
  /** After the first failure; doubles with each, up to a minute or this. */
  readonly retryMs?: number;
  /** How long the last checkpoint may take when the process ends. */
  readonly graceMs?: number;
}

/** Has checkpoints cosigned, beside everything else. */
export interface Submitter {
  /** Takes the place of an earlier one that was not sent yet. */
  submit(note: string): void;
  /** Lets the last one be cosigned, for a short while. */
  close(): Promise<void>;
}

/** Why a checkpoint was not cosigned. */
class Uncosigned extends Error {
  readonly code: WitnessCode;
  constructor(code: WitnessCode, message: string) {
    super(message);
    this.code = code;
  }
}

interface Standing {
  readonly client: WitnessClient;
  /** The size it cosigned last, as far as is known. */
  known: number;
  /** The newest note that needs nothing more of it. */
  done?: string;
  failures: number;
  notBefore: number;
  busy: boolean;
  told?: WitnessCode;
}

const mostRetryMs = 60_000;
/** A size that is told by a conflict may move once more when two processes submit. */
const mostConflicts = 3;

const clientsOf = (
  witnesses: readonly WitnessAddress[],
  agent: Agent,
  timeoutMs: number,
): readonly WitnessClient[] => {
  const mend = 'set what the witness prints at its start, each witness once';
  const keys = witnesses.map(({ key }) => key);
  return witnesses.map((witness, at) => {
    const where = `audit.witnesses.${at}.key`;
    if (keys.indexOf(witness.key) !== at) {
      throw new ConfigError([{ where, what: 'another witness has this key', mend }]);
    }
    try {
      return createWitnessClient(witness, agent, timeoutMs);
    } catch (error) {
      if (!(error instanceof TlogError)) throw error;
      throw new ConfigError([{ where, what: error.message, mend }]);
    }
  });
};

const refusals: Readonly<Record<number, string | undefined>> = {
  403: 'the key that signs this log is not among those that it was given',
  404: 'it does not know this log, or the address is another’s',
};

/** @throws Uncosigned for every word but a cosignature and a conflict */
const heed = (word: WitnessWord, old: number): WitnessWord => {
  if (word.kind === 'INCONSISTENT') {
    throw new Uncosigned(
      'AUDIT_LOG_FORKED',
      `it cosigned another tree of ${old} entries than this log has: what it has seen was changed or taken back. Run \`sayso audit verify\``,
    );
  }
  if (word.kind === 'REFUSED') {
    const why = refusals[word.status] ?? 'see what its operator was told';
    const code = word.status >= 500 ? 'WITNESS_UNAVAILABLE' : 'WITNESS_REFUSED';
    throw new Uncosigned(code, `it answers ${word.status}: ${why}`);
  }
  if (word.kind === 'WRONG') {
    throw new Uncosigned('WITNESS_WRONG', `its cosignature was dropped: ${word.what}`);
  }
  return word;
};

/** @throws ConfigError when a key is none of a witness */
export const createSubmitter = ({
  knex,
  log,
  witnesses,
  report,
  timeoutMs = 10_000,
  retryMs = 1_000,
  graceMs = 3_000,
}: SubmitterOptions): Submitter => {
  const agent = new Agent({ connections: 1 });
  const aborted = new AbortController();
  const tiles = databaseTiles(byKnex(knex), log);
  const standings = clientsOf(witnesses, agent, timeoutMs).map((client): Standing => ({
    client,
    known: 0,
    failures: 0,
    notBefore: 0,
    busy: false,
  }));
  let wanted: string | undefined;
  let closing = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  /** The witness is ahead of this checkpoint. Of the log as well? */
  const checkAhead = async (known: number): Promise<void> => {
    const size = (await readLog(byKnex(knex), log))?.size ?? 0;
    if (known <= size) return;
    throw new Uncosigned(
      'AUDIT_LOG_ROLLED_BACK',
      `it cosigned ${known} entries, and the log has ${size}: the newest were taken away, or an older backup was restored`,
    );
  };

  /** Has a checkpoint cosigned. A newer one is on its way where the witness is ahead of this. */
  const cosign = async (standing: Standing, note: string): Promise<void> => {
    const size = Number(parseCheckpoint(parseNote(note).text).size);
    for (let conflicts = 0; conflicts <= mostConflicts; conflicts += 1) {
      const old = standing.known;
      if (old > size) return checkAhead(old);
      const proof = await consistencyProof(tiles, old, size);
      const offered = await standing.client.offer({ note, old, proof }, aborted.signal);
      const word = heed(offered, old);
      if (word.kind === 'COSIGNED') {
        standing.known = size;
        return keepWitnessed(knex, log, note, word.lines);
      }
      if (word.kind === 'CONFLICT') standing.known = word.size;
    }
    throw new Uncosigned('WITNESS_REFUSED', 'it names another size each time');
  };

  const failed = (standing: Standing, error: unknown): void => {
    const code = error instanceof Uncosigned ? error.code : 'WITNESS_UNAVAILABLE';
    const wait = Math.min(retryMs * 2 ** standing.failures, Math.max(mostRetryMs, retryMs));
    standing.failures += 1;
    standing.notBefore = Date.now() + wait;
    // Another process may have submitted meanwhile, or the witness is another one now.
    if (code !== 'AUDIT_LOG_ROLLED_BACK') standing.known = 0;
    const level = code.startsWith('AUDIT_LOG') || code === 'WITNESS_WRONG' ? 'error' : 'warn';
    // A witness that is away for days is told once; what is wrong with the log, over and over.
    if (level === 'warn' && standing.told === code) return;
    standing.told = code;
    const { url, name } = standing.client;
    const message = error instanceof Uncosigned ? error.message : toldError(error);
    report({ level, code, witness: url, message: `witness \`${name}\`: ${message}` });
  };

  const attempt = async (standing: Standing, note: string): Promise<void> => {
    try {
      await cosign(standing, note);
    } catch (error) {
      if (!aborted.signal.aborted) failed(standing, error);
      return;
    }
    standing.done = note;
    standing.failures = 0;
    if (standing.told === undefined) return;
    delete standing.told;
    const { url, name } = standing.client;
    const message = `witness \`${name}\` cosigns again`;
    report({ level: 'info', code: 'WITNESS_COSIGNS', witness: url, message });
  };

  const asked = new Set<Promise<void>>();
  const ask = (standing: Standing, note: string): Promise<void> => {
    standing.busy = true;
    const answer = attempt(standing, note).finally(() => {
      standing.busy = false;
      asked.delete(answer);
    });
    asked.add(answer);
    return answer;
  };

  const waiting = (): readonly Standing[] =>
    standings.filter(({ done, busy }) => done !== wanted && !busy);

  /**
   * All that can be asked are asked for the same checkpoint, so that one note has them all. For one
   * that failed before nobody waits.
   */
  const rounds = async (): Promise<void> => {
    while (wanted !== undefined && !aborted.signal.aborted) {
      const note = wanted;
      const due = waiting().filter(({ notBefore }) => notBefore <= Date.now());
      if (due.length === 0) return;
      const sound: Promise<void>[] = [];
      for (const standing of due) {
        const isSound = standing.failures === 0;
        const answer = ask(standing, note);
        if (isSound) sound.push(answer);
        else void answer.then(start);
      }
      await Promise.all(sound);
    }
  };

  const start = (): void => {
    if (closing) return;
    clearTimeout(timer);
    running ??= rounds().finally(() => {
      running = undefined;
      const times = waiting().map(({ notBefore }) => notBefore);
      if (closing || times.length === 0) return;
      timer = setTimeout(start, Math.max(0, Math.min(...times) - Date.now())).unref();
    });
  };

  return {
    submit: (note) => {
      wanted = note;
      if (standings.length > 0) start();
    },
    close: async () => {
      closing = true;
      clearTimeout(timer);
      const pause = new AbortController();
      const grace = sleep(graceMs, undefined, { signal: pause.signal }).catch(() => undefined);
      await Promise.race([running ?? Promise.resolve(), grace]);
      pause.abort();
      aborted.abort();
      await Promise.all([running, ...asked]);
      await agent.destroy();
    },
  };
};
