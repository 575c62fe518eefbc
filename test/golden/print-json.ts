const lineWidth = 120;

const onOneLine = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, one]) => `${JSON.stringify(key)}: ${onOneLine(one)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
};

/** Two-space JSON in which whatever fits on a line stands on one: a change in a plan is then a changed line. */
export const printJson = (value: unknown, indent = '', used = 0): string => {
  const line = onOneLine(value);
  if (typeof value !== 'object' || value === null) return line;
  if (indent !== '' && indent.length + used + line.length < lineWidth) return line;
  const inner = `${indent}  `;
  const members = Array.isArray(value)
    ? value.map((one) => `${inner}${printJson(one, inner)}`)
    : Object.entries(value).map(([key, one]) => {
        const name = `${JSON.stringify(key)}: `;
        return `${inner}${name}${printJson(one, inner, name.length)}`;
      });
  if (members.length === 0) return line;
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${members.join(',\n')}\n${indent}${close}`;
};
