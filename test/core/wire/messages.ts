/** A message of PostgreSQL's: code, then a length that counts itself, then the body. */
export const message = (code: string, body: Buffer | string = ''): Buffer => {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(5);
  header.write(code, 'latin1');
  header.writeUInt32BE(bytes.length + 4, 1);
  return Buffer.concat([header, bytes]);
};

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export interface TestColumn {
  readonly name: string;
  readonly oid: number;
  readonly format?: number;
}

export const rowDescription = (columns: readonly TestColumn[]): Buffer =>
  message(
    'T',
    Buffer.concat([
      int16(columns.length),
      ...columns.flatMap(({ name, oid, format = 0 }) => [
        Buffer.from(`${name}\0`),
        ...[int32(0), int16(0), int32(oid), int16(-1), int32(-1), int16(format)],
      ]),
    ]),
  );

export const dataRow = (cells: readonly (Buffer | string | null)[]): Buffer =>
  message(
    'D',
    Buffer.concat([
      int16(cells.length),
      ...cells.flatMap((cell) => {
        if (cell === null) return [int32(-1)];
        const bytes = Buffer.from(cell as string);
        return [int32(bytes.length), bytes];
      }),
    ]),
  );
