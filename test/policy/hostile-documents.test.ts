import { parse, validate, type DocumentNode, type OperationDefinitionNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { PlanError } from '../../src/core/errors.ts';
import { maxSelections } from '../../src/policy/collect-fields.ts';
import { compilePlan } from '../../src/policy/compile-plan.ts';
import type { Plan } from '../../src/policy/plan.ts';
import { shop } from './sdl.ts';

const policy = shop();

/** Of a document whose first definition is its operation. */
const planOf = (document: DocumentNode, variables: Readonly<Record<string, unknown>> = {}): Plan =>
  compilePlan({
    ...{ policy, document, variables, purpose: 'RECOMMENDATIONS', refused: new Set<string>() },
    operation: document.definitions[0] as OperationDefinitionNode,
  });

const plan = (query: string): Plan => planOf(parse(query));

describe('hostile documents', () => {
  it('whose fragments multiply are refused in bounded time', () => {
    const levels = Array.from({ length: 90 }, (_, i) => {
      const below = i === 89 ? 'id' : `...F${i + 1}`;
      return `fragment F${i} on Customer { a: referredBy { ${below} } b: referredBy { ${below} } }`;
    });
    const query = `{ customer(id: 1) { ...F0 } } ${levels.join(' ')}`;
    const started = performance.now();
    expect(() => plan(query)).toThrow(PlanError);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('say how much is too much', () => {
    const twice = (below: string) => `a: referredBy { ${below} } b: referredBy { ${below} }`;
    let below = 'id';
    for (let i = 0; i < 4; i += 1) below = twice(below);
    expect(plan(`{ customer(id: 1) { ${below} } }`).rows).toHaveLength(31);
    const aliases = Array.from({ length: maxSelections }, (_, i) => `a${i}: id`).join(' ');
    expect(() => plan(`{ customer(id: 1) { ${aliases} } }`)).toThrow(
      `more than ${maxSelections} selections`,
    );
  });

  it('of 2,000 tokens plan within the time that validation takes', () => {
    const inner = Array.from({ length: 20 }, (_, i) => `x${i}: orders { id total placedAt }`).join(
      ' ',
    );
    const spreads = Array.from({ length: 60 }, (_, i) => `c${i}: customer(id: ${i}) { ...A }`).join(
      ' ',
    );
    const query = `{ ${spreads} } fragment A on Customer { ...B id } fragment B on Customer { ...C name } fragment C on Customer { ${inner} }`;
    const document = parse(query, { maxTokens: 2_000 });
    const time = (run: () => void): number => {
      const started = performance.now();
      run();
      return performance.now() - started;
    };
    const validated = Math.min(
      ...[1, 2, 3].map(() => time(() => validate(policy.schema, document))),
    );
    const planned = Math.min(...[1, 2, 3].map(() => time(() => planOf(document))));
    // 1,200 lists of orders stand behind it; validation sees them once.
    expect(planOf(document).rows).toHaveLength(60 * 21);
    expect(planned).toBeLessThan(Math.max(500, validated * 20));
  });

  it('that skip much over and over are bounded as well', () => {
    const skipped = Array.from({ length: 150 }, (_, i) => `... @skip(if: $s) { s${i}: id }`).join(
      ' ',
    );
    const levels = Array.from({ length: 12 }, (_, i) => {
      const below = i === 11 ? 'id' : `...F${i + 1}`;
      return `fragment F${i} on Customer { ${skipped.slice(0, i === 11 ? undefined : 0)} a: referredBy { ${below} } b: referredBy { ${below} } }`;
    });
    const query = `query ($s: Boolean!) { customer(id: 1) { ...F0 } } ${levels.join(' ')}`;
    const document = parse(query, { maxTokens: 4_000 });
    const started = performance.now();
    expect(() => planOf(document, { s: true })).toThrow(PlanError);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
