import { newEnforcer, newModelFromString } from 'casbin';
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

/** Attributes of what is asked for, few policies: a policy for each person would be looked through. */
const model = `
[request_definition]
r = customer, purpose, category

[policy_definition]
p = purpose, category, basis

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.purpose == p.purpose && r.category == p.category && (p.basis == "contract" || agreed(r.customer, r.purpose, r.category))
`;

/** Casbin with what persons said behind a function of its matcher, asked without promises. */
export const open = async (): Promise<Decider> => {
  const enforcer = await newEnforcer(newModelFromString(model));
  await enforcer.addPolicies(
    purposeNames.flatMap((purpose) =>
      covers[purpose].map((category) => [
        purpose,
        category,
        purpose === contract ? 'contract' : 'consent',
      ]),
    ),
  );
  const said = new Map(
    Array.from({ length: subjectCount }, (_, i) => [
      idOf(i),
      new Map<string, ReadonlySet<string>>(
        purposeNames.map((purpose) => [purpose, new Set(yesOf(i, purpose))]),
      ),
    ]),
  );
  await enforcer.addFunction(
    'agreed',
    (id: string, purpose: PurposeName, category: string) =>
      said.get(id)?.get(purpose)?.has(category) === true,
  );
  return {
    decide: ({ purpose, fields, ids }, out) => {
      const categories = fields.map((field) => categoryOf[field]);
      let at = 0;
      for (const id of ids)
        for (const category of categories)
          out[at++] = enforcer.enforceSync(id, purpose, category) ? 1 : 0;
    },
  };
};
