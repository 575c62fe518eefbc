import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { TooManyNewDocumentsError } from '../../src/core/errors.ts';
import type { GateClock } from '../../src/gateway/gate-clock.ts';
import { createNewDocumentGate } from '../../src/gateway/new-document-gate.ts';

const stays = new AbortController().signal;
setMaxListeners(0, stays);

/** A gate whose time stands still until it is moved on, and whose documents cost what is said. */
const stage = (cost = 1) => {
  let now = 0;
  let timers: { readonly at: number; readonly then: () => void }[] = [];
  let settle: (() => void) | undefined;
  const clock: GateClock = {
    now: () => now,
    after: (ms, then) => {
      const timer = { at: now + ms, then };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    settled: (then) => {
      settle = then;
    },
  };
  const gate = createNewDocumentGate(clock);
  const served: string[] = [];
  const refused: string[] = [];
  const faults: unknown[] = [];
  const ask = (client: string, signal: AbortSignal = stays): void => {
    gate.noteRequest(client);
    gate.enter(client, signal).then(
      () => served.push(client),
      (error: unknown) => {
        refused.push(client);
        faults.push(error);
      },
    );
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  /** Ends what is being parsed, and goes on to the time of whatever comes next. */
  const step = async (): Promise<boolean> => {
    await turn();
    if (settle) {
      const then = settle;
      settle = undefined;
      now += cost;
      then();
      return true;
    }
    const [next] = [...timers].sort((a, b) => a.at - b.at);
    if (!next) return false;
    timers = timers.filter((one) => one !== next);
    now = Math.max(now, next.at);
    next.then();
    return true;
  };
  const steps = async (most: number): Promise<void> => {
    for (let done = 0; done < most && (await step()); done += 1);
    await turn();
  };
  return {
    ...{ gate, ask, steps, served, refused, faults },
    time: () => now,
    pass: (ms: number) => {
      now += ms;
    },
  };
};

describe('documents not seen before', () => {
  it('are let in one at a time', async () => {
    const { ask, steps, served, gate } = stage();
    for (let n = 0; n < 3; n += 1) ask('one');
    await steps(0);
    expect([served.length, gate.waiting]).toEqual([1, 2]);
    // Settled, then its turn.
    await steps(2);
    expect([served.length, gate.waiting]).toEqual([2, 1]);
    await steps(10);
    expect([served.length, gate.waiting]).toEqual([3, 0]);
  });

  it('of other clients come in between, however many one has sent', async () => {
    const { ask, steps, served } = stage();
    for (let n = 0; n < 40; n += 1) ask('flood');
    for (let n = 0; n < 3; n += 1) {
      ask('a');
      ask('b');
    }
    await steps(400);
    expect(served).toHaveLength(46);
    // Each within two of the flood's: nobody starves.
    expect(served.filter((one) => one !== 'flood')).toHaveLength(6);
    const last = served.lastIndexOf('b');
    expect(served.slice(0, last).filter((one) => one === 'flood').length).toBeLessThanOrEqual(7);
  });

  it('do not wait for the pause of another client', async () => {
    const { ask, steps, served, time } = stage(20);
    ask('other');
    ask('flood');
    ask('flood');
    while (served.length < 2) await steps(1);
    expect(served).toEqual(['other', 'flood']);
    ask('late');
    const before = time();
    while (!served.includes('late')) await steps(1);
    // All pause for four times what one cost; the flood itself for far longer.
    expect(time() - before).toBeLessThanOrEqual(5 * 20);
    expect(served.filter((one) => one === 'flood')).toHaveLength(1);
  });

  it('take a tenth of the time while others ask, and less when each is dear', async () => {
    const share = async (cost: number): Promise<number> => {
      const { ask, steps, served, time, gate } = stage(cost);
      for (let n = 0; n < 60; n += 1) ask('flood');
      const begin = time();
      while (served.length < 30) {
        gate.noteRequest('other');
        await steps(1);
      }
      return (served.length * cost) / (time() - begin);
    };
    expect(await share(1)).toBeLessThanOrEqual(0.11);
    expect(await share(10)).toBeLessThanOrEqual(0.025);
  });

  it('do not pause while nobody else asks', async () => {
    const { ask, steps, served, time } = stage(10);
    for (let n = 0; n < 20; n += 1) ask('only');
    await steps(100);
    expect(served).toHaveLength(20);
    expect(time()).toBe(200);
  });

  it('do not pause for those who asked a while ago', async () => {
    const { ask, steps, served, time, pass } = stage(10);
    ask('other');
    await steps(10);
    pass(1_000);
    const begin = time();
    for (let n = 0; n < 5; n += 1) ask('flood');
    await steps(100);
    expect(served.slice(1)).toHaveLength(5);
    expect(time() - begin).toBe(50);
  });

  it('are refused when 64 of the client wait, and only the client’s', async () => {
    const { ask, steps, served, refused, faults, gate } = stage();
    for (let n = 0; n < 70; n += 1) ask('flood');
    ask('other');
    await steps(0);
    expect(gate.waiting).toBe(65);
    expect(refused).toEqual(Array.from({ length: 5 }, () => 'flood'));
    for (const fault of faults) {
      expect(fault).toBeInstanceOf(TooManyNewDocumentsError);
      expect(fault).toMatchObject({ status: 429, code: 'TOO_MANY_NEW_DOCUMENTS' });
      expect((fault as TooManyNewDocumentsError).retryAfter).toBeGreaterThanOrEqual(1);
    }
    await steps(1_000);
    expect(served).toHaveLength(66);
  });

  it('make room at the cost of who has most waiting when there are too many of all', async () => {
    const { ask, steps, refused, gate } = stage();
    // The first is let in at once.
    for (let client = 0; client < 8; client += 1)
      for (let n = 0; n < 64; n += 1) ask(`flood-${client}`);
    await steps(0);
    expect(gate.waiting).toBe(511);
    ask('a');
    ask('b');
    await steps(0);
    expect(gate.waiting).toBe(512);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(/^flood-/);
  });

  it('leave their place when whoever sent them has gone', async () => {
    const { ask, steps, served, refused, gate } = stage();
    const gone = new AbortController();
    setMaxListeners(0, gone.signal);
    ask('a');
    for (let n = 0; n < 64; n += 1) ask('a', gone.signal);
    await steps(0);
    expect(gate.waiting).toBe(64);
    gone.abort();
    await steps(0);
    expect(gate.waiting).toBe(0);
    expect(refused).toHaveLength(64);
    ask('a');
    await steps(10);
    expect(served).toHaveLength(2);
    ask('a', AbortSignal.abort());
    await steps(10);
    expect(served).toHaveLength(2);
  });

  it('may be of a client of any name', async () => {
    const { ask, steps, served } = stage();
    for (const name of ['__proto__', 'constructor', '']) ask(name);
    await steps(100);
    expect(served).toEqual(['__proto__', 'constructor', '']);
  });

  it('holds a turn until it is left, whatever is waited for meanwhile, and not for ever', async () => {
    const { gate, steps } = stage();
    let leave: (() => void) | undefined;
    const order: string[] = [];
    void gate.enter('slow', stays, { held: (end) => (leave = end) }).then(() => order.push('slow'));
    void gate.enter('other', stays).then(() => order.push('other'));
    await steps(1);
    expect(order).toEqual(['slow']);
    leave?.();
    await steps(3);
    expect(order).toEqual(['slow', 'other']);
    const again = stage();
    void again.gate
      .enter('never', stays, { held: () => undefined })
      .then(() => order.push('never'));
    void again.gate.enter('after', stays).then(() => order.push('after'));
    await again.steps(6);
    expect(order.slice(2)).toEqual(['never', 'after']);
  });
});
