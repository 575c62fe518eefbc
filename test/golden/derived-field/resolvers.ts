type Inputs = Readonly<Record<string, unknown>>;

const decade = ({ birthDate }: Inputs): string | null =>
  typeof birthDate === 'string' ? `${birthDate.slice(0, 3)}0s` : null;

export const resolvers = {
  Customer: {
    decade,
    label: (inputs: Inputs): string => `${String(inputs['name'])}, ${decade(inputs) ?? '?'}`,
  },
};
