import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  statefulIsAuthorized,
  type Context,
  type EntityJson,
} from '@cedar-policy/cedar-wasm/nodejs';

// Node.js 20 can die of `unreachable code` when it leaves optimised code that calls into wasm.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--no-turbo-inline-js-wasm-calls');

/** The four questions put to Cedar, each with a file of policies. */
export type Question = 'rest' | 'hear' | 'stand' | 'use';

const textOf = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

/** The policies of a file and the schema, as they are written. */
export const policiesOf = (question: Question): string => textOf(`${question}.cedar`);
export const cedarSchema = (): string => textOf('oracle.cedarschema');

/** The name of a slot in the context; events are known by the number alone. */
const slotName = (slot: number): string => `e${slot}`;

const idOf = (policy: string): string => {
  const answer = policyToJson(policy);
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message ?? 'no policy');
  return answer.json.annotations?.['id'] ?? '';
};

/**
 * The policies by id, for histories of so many events. A policy that speaks of an event stands once
 * for each: Cedar has no way to go through a set, and what it answers is which policies held.
 */
const expanded = (question: Question, length: number): Readonly<Record<string, string>> => {
  const parts = policySetTextToParts(policiesOf(question));
  if (parts.type === 'failure') throw new Error(parts.errors[0]?.message ?? 'no policies');
  const policies: Record<string, string> = {};
  for (const policy of parts.policies) {
    const id = idOf(policy);
    if (id === '' || id in policies) throw new Error(`${question}: an @id is missing or twice`);
    if (!policy.includes('context has event')) policies[id] = policy;
    else
      for (let slot = 0; slot < length; slot++) {
        policies[`${id}:${slot}`] = policy
          .replaceAll('context has event', `context has ${slotName(slot)}`)
          .replaceAll('context.event', `context.${slotName(slot)}`);
      }
  }
  return policies;
};

const parsed = new Set<string>();

/** The name of a parsed set of policies. */
const policySetFor = (question: Question, length: number): string => {
  const name = `${question} ${length}`;
  if (parsed.has(name)) return name;
  const answer = preparsePolicySet(name, { staticPolicies: { ...expanded(question, length) } });
  if (answer.type === 'failure')
    throw new Error(`${question}: ${answer.errors[0]?.message ?? 'does not parse'}`);
  parsed.add(name);
  return name;
};

/** What Cedar says: whether it allows, and the ids of the policies that decided it. */
export interface Said {
  readonly allowed: boolean;
  readonly ids: readonly string[];
}

/** How many questions were put to Cedar. */
export const asked = { count: 0 };

/** Puts one question. Whatever goes wrong in Cedar is thrown, never taken for an answer. */
export const askCedar = (
  question: Question,
  pair: EntityJson['attrs'],
  context: Context,
  events: readonly Context[] = [],
): Said => {
  asked.count++;
  const answer = statefulIsAuthorized({
    principal: { type: 'Person', id: 'person' },
    action: { type: 'Action', id: question },
    resource: { type: 'Pair', id: 'pair' },
    context: { ...context, ...Object.fromEntries(events.map((one, i) => [slotName(i), one])) },
    preparsedPolicySetId: policySetFor(question, events.length),
    validateRequest: false,
    entities: [{ uid: { type: 'Pair', id: 'pair' }, attrs: pair, parents: [] }],
  });
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message ?? 'Cedar failed');
  const { decision, diagnostics } = answer.response;
  const error = diagnostics.errors[0];
  if (error) throw new Error(`${error.policyId}: ${error.error.message}`);
  return { allowed: decision === 'allow', ids: diagnostics.reason };
};
