/**
 * One column of rows that came as bytes (UTF-8). For row `i` the pair at
 * `2 * (i * width + column)` of `cells` says where its bytes start and how many they are; -1 bytes
 * stand for NULL, which is not the empty text.
 */
export interface TextColumn {
  readonly count: number;
  readonly bytes: Buffer;
  readonly cells: Int32Array;
  /** Cells of a row. */
  readonly width: number;
  /** Which of them. */
  readonly column: number;
}
