/**
 * Thrown where an answer is not the plain case that bytes are written for. What the operation really
 * comes to is then found out by values, from the beginning: there is one place that knows errors.
 */
export class NotPlain extends Error {
  constructor(what: string) {
    super(`not to be answered in bytes: ${what}`);
    this.name = 'NotPlain';
  }
}
