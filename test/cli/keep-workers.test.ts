import { describe, expect, it } from 'vitest';
import {
  keepWorkers,
  type KeepOptions,
  type WorkerEvents,
  type WorkerNews,
} from '../../src/cli/workers/keep-workers.ts';

interface Started extends WorkerEvents {
  readonly worker: number;
  stopped: boolean;
  killed: boolean;
}

const stage = (options: Partial<KeepOptions> = {}) => {
  const started: Started[] = [];
  const news: WorkerNews[] = [];
  const waiting: (() => void)[] = [];
  const kept = keepWorkers({
    count: 2,
    start: (worker, events) => {
      const one = { worker, ...events, stopped: false, killed: false };
      started.push(one);
      waiting.splice(0).forEach((go) => go());
      return {
        pid: started.length,
        stop: () => {
          one.stopped = true;
        },
        kill: () => {
          one.killed = true;
          one.onEnd('signal SIGKILL');
        },
      };
    },
    tell: (one) => news.push(one),
    timing: { again: 1, mostAgain: 4, grace: 5 },
    ...options,
  });
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return { kept, started, news, next };
};

describe('workers', () => {
  it('serve when all do', async () => {
    const { kept, started } = stage();
    let url: string | undefined;
    void kept.serving.then((one) => (url = one));
    started[0]!.onServing('http://here');
    await Promise.resolve();
    expect(url).toBeUndefined();
    started[1]!.onServing('http://here');
    expect(await kept.serving).toBe('http://here');
  });

  it('are started again under their number, ever later, and the others go on', async () => {
    const { kept, started, news, next } = stage();
    for (const one of started) one.onServing('u');
    await kept.serving;
    for (let time = 1; time <= 4; time += 1) {
      const again = next();
      started.at(-1)!.onEnd('signal SIGKILL');
      await again;
      expect(started.at(-1)!.worker).toBe(2);
    }
    expect(started.filter(({ worker }) => worker === 1)).toHaveLength(1);
    expect(news.map(({ message }) => /again in (\d+) ms/.exec(message)?.[1])).toEqual([
      '1',
      '2',
      '4',
      '4',
    ]);
    started.at(-1)!.onServing('u');
    expect(news.at(-1)).toMatchObject({ worker: 2, code: 'WORKER_SERVES' });
  });

  it('wait no longer for one that has lasted', async () => {
    const { kept, started, news, next } = stage({ timing: { again: 1, lasting: 0 } });
    for (const one of started) one.onServing('u');
    await kept.serving;
    for (let time = 1; time <= 3; time += 1) {
      const again = next();
      started.at(-1)!.onEnd('exit code 1');
      await again;
      started.at(-1)!.onServing('u');
    }
    const waits = news.flatMap(({ message }) => /again in (\d+) ms/.exec(message)?.[1] ?? []);
    expect(waits).toEqual(['1', '1', '1']);
  });

  it('end the start with the reason that one gives', async () => {
    const { kept, started } = stage();
    started[1]!.onFailed({ code: 'SCHEMA_INVALID', message: 'the schema has 1 problem(s)' });
    started[1]!.onEnd('exit code 1');
    await expect(kept.serving).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
      message: 'the schema has 1 problem(s)',
    });
  });

  it('end the start when one ends without a word over and over', async () => {
    const { kept, started, next } = stage();
    for (let time = 1; time <= 2; time += 1) {
      const again = next();
      started.at(-1)!.onEnd('signal SIGKILL');
      await again;
    }
    started.at(-1)!.onEnd('signal SIGKILL');
    await expect(kept.serving).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      message: expect.stringContaining('worker 2 ended 3 times'),
    });
    expect(started).toHaveLength(4);
  });

  it('tell afterwards why one could not be started again, and no text of a defect', async () => {
    const { kept, started, news, next } = stage();
    for (const one of started) one.onServing('u');
    await kept.serving;
    for (const reason of [{ code: 'CONFIG_INVALID', message: 'why' }, { message: 'a value' }]) {
      const again = next();
      started.at(-1)!.onFailed(reason);
      started.at(-1)!.onEnd('exit code 1');
      await again;
    }
    expect(news[0]!.message).toContain('(exit code 1): CONFIG_INVALID: why; it is started again');
    expect(news[1]!.message).toContain('(exit code 1): a defect; it is started again');
    expect(JSON.stringify(news)).not.toContain('a value');
  });

  it('are told to stop, and killed when they do not; none is started any more', async () => {
    const { kept, started } = stage();
    for (const one of started) one.onServing('u');
    await kept.serving;
    const closed = kept.close();
    expect(started.map(({ stopped }) => stopped)).toEqual([true, true]);
    started[0]!.onEnd('exit code 0');
    await closed;
    expect(started.map(({ killed }) => killed)).toEqual([false, true]);
    expect(started).toHaveLength(2);
  });

  it('can be closed while one waits to be started again', async () => {
    const { kept, started } = stage({ timing: { again: 20 } });
    for (const one of started) one.onServing('u');
    await kept.serving;
    started[0]!.onEnd('exit code 1');
    const closed = kept.close();
    started[1]!.onEnd('exit code 0');
    await closed;
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(started).toHaveLength(2);
  });
});
