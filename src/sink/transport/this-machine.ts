import dns from 'node:dns';
import { isIPv4, type LookupFunction } from 'node:net';

/** Whether a host name is loopback. */
export function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

/** The code of an error about a name that should be this machine. */
export const NOT_THIS_MACHINE = 'ERR_NOT_THIS_MACHINE';

/**
 * Resolves a host name for a connection, as Node does by itself. But `localhost`, and names below it, are this machine and nothing else,
 * whatever DNS answers (RFC 6761, 6.3): credentials may go there in plain text, and glibc asks DNS for `es.localhost`.
 */
export const lookupName: LookupFunction = (hostname, options, done) => {
  dns.lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) return done(error, '');
    const addresses = isThisMachine(hostname) ? found.filter(({ address }) => isLoopback(address)) : found;
    const [first] = addresses;
    if (first === undefined) return done(Object.assign(new Error(`${hostname} is not this machine`), { code: NOT_THIS_MACHINE }), '');
    return options.all === true ? done(null, addresses) : done(null, first.address, first.family);
  });
};

function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}
