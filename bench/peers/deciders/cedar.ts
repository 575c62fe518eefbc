import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import {
  categoryOf,
  contract,
  covers,
  idOf,
  purposeNames,
  subjectCount,
  yesOf,
  type Decider,
  type PurposeName,
} from '../../decisions/people.ts';

const policyOf = (purpose: PurposeName): string => {
  const covered = `${JSON.stringify(covers[purpose])}.contains(context.category)`;
  const agreed = 'resource.agreed.contains(context.category)';
  const when = purpose === contract ? covered : `${covered} && ${agreed}`;
  return `permit(principal, action == Action::"${purpose}", resource) when { ${when} };`;
};

/**
 * Cedar with its policies parsed beforehand, and with each call only the entity that is decided on,
 * made beforehand and with only what the purpose turns on.
 */
export const open = (): Decider => {
  const parsed = preparsePolicySet('bench', {
    staticPolicies: purposeNames.map(policyOf).join('\n'),
  });
  if (parsed.type !== 'success') throw new Error(`cedar: ${JSON.stringify(parsed.errors)}`);
  const principal = { type: 'Client', id: 'bench' };
  const customers = new Map(
    purposeNames.map((purpose) => [
      purpose,
      new Map(
        Array.from({ length: subjectCount }, (_, i) => {
          const uid = { type: 'Customer', id: idOf(i) };
          return [idOf(i), [{ uid, attrs: { agreed: [...yesOf(i, purpose)] }, parents: [] }]];
        }),
      ),
    ]),
  );
  return {
    decide: ({ purpose, fields, ids }, out) => {
      const action = { type: 'Action', id: purpose };
      const contexts = fields.map((field) => ({ category: categoryOf[field] }));
      const known = customers.get(purpose);
      let at = 0;
      for (const id of ids) {
        const entities = known?.get(id) ?? [];
        const resource = { type: 'Customer', id };
        for (const context of contexts) {
          const answer = statefulIsAuthorized({
            principal,
            action,
            resource,
            context,
            preparsedPolicySetId: 'bench',
            entities,
          });
          if (answer.type !== 'success') throw new Error(`cedar: ${JSON.stringify(answer.errors)}`);
          out[at++] = answer.response.decision === 'allow' ? 1 : 0;
        }
      }
    },
  };
};
