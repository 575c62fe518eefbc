import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether a host is this machine only: 127.0.0.0/8, `::1` or `localhost`. Any other spelling
 * (`127.1`, another name that happens to resolve there) is not, since it may mean something else
 * to the resolver.
 */
export const isLoopback = (host: string): boolean => {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
};

/** Whether a text can be listened on: an IP address without brackets, or a host name (RFC 1123). */
export const isHost = (host: string): boolean =>
  isIP(host) !== 0 ||
  (/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(
    host,
  ) &&
    !/^[\d.]+$/.test(host));

/**
 * Whether a text is a PostgreSQL URI as libpq and `pg` read it, `postgres://` or `postgresql://`.
 * An empty host is fine: `postgresql://me:secret@/db?host=/run/postgresql` names a socket.
 */
export const isPostgresUrl = (text: string): boolean =>
  /^postgres(ql)?:\/\/./.test(text) && URL.canParse(text.replace('@/', '@localhost/'));

/** Whether a text is an address that a page can link to: http or https, and no secret in it. */
export const isWebAddress = (text: string): boolean => {
  if (!/^https?:\/\/[^\s<>"]+$/i.test(text) || text.length > 2000 || !URL.canParse(text))
    return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
};

/** Where a key set is: a path, an address, or in what way the address is not acceptable. */
export type JwksLocation =
  | { readonly path: string }
  | { readonly url: string }
  | { readonly what: string; readonly mend: string };

/**
 * Reads `identity.jwks`. An address must be https, since whoever can change the keys on their way
 * can sign any token (RFC 8725, 3.10); http only to this machine. Text without a scheme is a path.
 */
export const parseJwksLocation = (text: string): JwksLocation => {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { path: text };
  if (!URL.canParse(text))
    return { what: 'is not a URL', mend: 'write the https address of the key set' };
  const url = new URL(text);
  if (url.username || url.password)
    return { what: 'holds a user name or password', mend: 'key sets are public: leave it out' };
  const here = isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
  if (url.protocol === 'https:' || (url.protocol === 'http:' && here)) return { url: url.href };
  return { what: 'is not an https address', mend: 'use https; http is for loopback only' };
};

/** Whether a text is the base address of an API. What proves who asks belongs into a header. */
export const isRestUrl = (text: string): boolean => {
  if (!/^https?:\/\/[^/\\\s]/i.test(text) || /[?#\s\\]/.test(text) || !URL.canParse(text))
    return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
};

/** Whether what is sent to an address can be read on its way: http to another machine. */
export const isPlainHttp = (text: string): boolean => {
  const { protocol, hostname } = new URL(text);
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''));
};
