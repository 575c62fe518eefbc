import { AbilityBuilder, createMongoAbility, subject, type MongoAbility } from '@casl/ability';
import {
  categoryOf,
  contract,
  covers,
  idOf,
  purposeNames,
  subjectCount,
  yesOf,
  type Decider,
  type Field,
} from '../../decisions/people.ts';

const fieldsOf = (categories: readonly string[]): Field[] =>
  (Object.keys(categoryOf) as Field[]).filter((field) => categories.includes(categoryOf[field]));

/**
 * CASL by conditions, as its guide defines what may be done with rows: one ability for each purpose,
 * kept, whose rules look into the row for what its person agreed to. An ability for each person that
 * knows purposes as actions, all built beforehand, was tried and decides less than half as many.
 */
export const open = (): Decider => {
  const abilities = new Map(
    purposeNames.map((purpose) => {
      const { can, build } = new AbilityBuilder<MongoAbility>(createMongoAbility);
      for (const category of covers[purpose]) {
        const fields = fieldsOf([category]);
        if (purpose === contract) can('read', 'Customer', fields);
        else can('read', 'Customer', fields, { [purpose]: category });
      }
      return [purpose, build()];
    }),
  );
  const customers = new Map(
    Array.from({ length: subjectCount }, (_, i) => {
      const said = Object.fromEntries(purposeNames.map((purpose) => [purpose, yesOf(i, purpose)]));
      return [idOf(i), subject('Customer', said)];
    }),
  );
  return {
    decide: ({ purpose, fields, ids }, out) => {
      const ability = abilities.get(purpose);
      let at = 0;
      for (const id of ids) {
        const customer = customers.get(id);
        for (const field of fields)
          out[at++] = customer !== undefined && ability?.can('read', customer, field) ? 1 : 0;
      }
    },
  };
};
