import { hash } from 'node:crypto';

/** SHA-256 of a document's exact text in UTF-8, 64 lower-case hexadecimal digits. */
export const documentSha256 = (text: string): string => hash('sha256', text, 'hex');
