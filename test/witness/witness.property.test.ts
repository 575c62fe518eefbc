import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openWitnessStore } from '../../src/witness/witness-store.ts';
import { createWitness } from '../../src/witness/witness.ts';
import { logKey, witnessKey } from '../tlog/keys.ts';
import { leafAt, naiveConsistency, naiveRoot } from '../tlog/trees.ts';
import { bodyOf, checkByHand, noteOf, temporaryFolder, textOf } from './drive.ts';

const log = logKey('log.example');
const own = witnessKey('w.example');

/** A log that has several histories, and claims what it likes of them. */
const claim = fc.record({
  /** Leaves from here on are those of another history. */
  forkedAt: fc.option(fc.nat(30), { nil: 31 }),
  history: fc.nat(2),
  size: fc.nat(30),
  old: fc.oneof(fc.constant('known' as const), fc.nat(30)),
  proof: fc.constantFrom('own', 'other', 'none', 'flipped'),
  restart: fc.boolean(),
});

const leavesOfHistory = (forkedAt: number, history: number, size: number): readonly Buffer[] =>
  Array.from({ length: size }, (_, at) => leafAt(at < forkedAt ? at : at + 1_000 * history));

it('cosigns one chain of trees that only grows, whatever logs claim', () => {
  fc.assert(
    fc.property(fc.array(claim, { minLength: 1, maxLength: 25 }), (claims) => {
      const folder = temporaryFolder();
      let store = openWitnessStore(folder);
      let known = 0;
      const cosigned: (readonly Buffer[])[] = [];
      for (const { forkedAt, history, size, old, proof, restart } of claims) {
        if (restart) {
          store.close();
          store = openWitnessStore(folder);
        }
        const logs = [{ origin: log.signer.name, verifiers: [log.verifier] }];
        const witness = createWitness({ store, logs, cosigner: own.cosigner });
        const leaves = leavesOfHistory(forkedAt, history, size);
        const from = Math.min(old === 'known' ? known : old, size);
        const right = naiveConsistency(from, leaves);
        const proofs = {
          own: right,
          other: naiveConsistency(from, leavesOfHistory(31, 0, size)),
          none: [],
          flipped: right.map((hash) => hash.map((byte, at) => byte ^ (at === 0 ? 1 : 0))),
        };
        const note = noteOf(log.signer, leaves);
        const body = bodyOf(
          from,
          proofs[proof].map((hash) => Buffer.from(hash)),
          note,
        );
        const answer = witness.addCheckpoint(Buffer.from(body));
        if (answer.status === 409) expect(Number(answer.body)).toBe(known);
        if (answer.status !== 200) continue;
        expect(checkByHand(own.public, textOf(note), answer.body.trimEnd())).toBeGreaterThan(0);
        cosigned.push(leaves);
        known = size;
      }
      store.close();
      rmSync(folder, { recursive: true });
      for (const [at, leaves] of cosigned.slice(1).entries()) {
        const before = cosigned[at]!;
        expect(leaves.length).toBeGreaterThanOrEqual(before.length);
        expect(naiveRoot(leaves.slice(0, before.length))).toEqual(naiveRoot(before));
      }
    }),
    { numRuns: 60 },
  );
});
