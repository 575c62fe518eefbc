/**
 * Whether a request carries the Global Privacy Control signal: at least one value of `Sec-GPC` is
 * exactly `1`; any other value is ignored (W3C Global Privacy Control, "The Sec-GPC header field").
 *
 * @param header as Node gives it: several fields arrive joined by commas or as a list
 */
export const readGpc = (header: string | readonly string[] | undefined): boolean =>
  (typeof header === 'string' ? [header] : (header ?? []))
    .flatMap((line) => line.split(','))
    .some((value) => value.trim() === '1');
