import { createSecureContext, getCACertificates, rootCertificates, type SecureContext, type SecureContextOptions } from 'node:tls';
import { reasonOf } from '../../core/reason.ts';
import { PortlogError } from '../../core/errors.ts';
import { SinkError } from '../sink.ts';
import { readPem } from './pem.ts';
import { NOT_THIS_MACHINE } from './this-machine.ts';

/* What all kinds of connections share. */

export const CONNECT_TIMEOUT_MS = 10_000;

/** PEM files for TLS, in addition to the certificates of the system. */
export interface TlsFiles {
  /** An authority that signed the server's certificate, beside those that Node and this machine know. */
  readonly caFile: string | undefined;
  /** Trust only `caFile`. */
  readonly caOnly?: boolean | undefined;
  /** Client certificate and its key, for servers that ask for one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

interface TlsOptions {
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized?: true;
}

let known: readonly string[] | undefined;

/** The authorities of Node and of this machine (on Linux OpenSSL's store and `SSL_CERT_FILE`), more than 150; read once. */
function knownAuthorities(): readonly string[] {
  known ??= [...new Set([...rootCertificates, ...getCACertificates('system'), ...getCACertificates('extra')])];
  return known;
}

/**
 * Trusted authorities and client certificate for `tls.connect`; made once, because it takes as long as a handshake. `isUsed`: false when TLS
 * is not used, so that the files are only checked, to report errors at the start. Throws `sink-options`.
 */
export function tlsOptions({ caFile, caOnly = false, certFile, keyFile }: TlsFiles, isUsed: boolean): TlsOptions {
  if (caOnly && caFile === undefined)
    throw new PortlogError('sink-options', 'caOnly trusts one authority alone, and none is named', {
      hint: 'set caFile beside it, or use --ca-file',
    });
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new PortlogError('sink-options', `a certificate needs its key: ${certFile ?? keyFile} alone is of no use`, {
      hint: 'set certFile and keyFile',
    });
  const own = caFile === undefined ? [] : [readPem('the CA file', caFile, 'CERTIFICATE')];
  const us = {
    ...(certFile === undefined ? {} : { cert: readPem('the certificate', certFile, 'CERTIFICATE') }),
    ...(keyFile === undefined ? {} : { key: readPem('the key', keyFile, 'PRIVATE KEY') }),
  };
  if (!isUsed) return {};
  // Independent of the environment: NODE_TLS_REJECT_UNAUTHORIZED=0 would send credentials to anyone in between.
  return { secureContext: contextOf({ ca: [...(caOnly ? [] : knownAuthorities()), ...own], ...us }, certFile), rejectUnauthorized: true };
}

function contextOf(options: SecureContextOptions, certFile: string | undefined): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    if (isTooWeak((cause as Error).message))
      throw new PortlogError('sink-options', `the certificate ${certFile ?? ''} ${TOO_WEAK}`, { hint: STRONGER, cause });
    throw new PortlogError('sink-options', `the certificate ${certFile ?? ''} and its key cannot be used together`, {
      hint: 'keyFile must be the key that the certificate in certFile was issued for',
      cause,
    });
  }
}

const TOO_WEAK = 'has a key that is too short, or was signed in a way that is too weak';
const STRONGER = 'issue one with an elliptic key, or one of RSA of 2048 bits or more, and SHA-256';

/**
 * Whether OpenSSL refuses a key or algorithm as too weak; recognised by its text, because Node has no code for some of these errors.
 * https://docs.openssl.org/3.0/man3/SSL_CTX_set_security_level/
 */
function isTooWeak(message: string): boolean {
  return /(?:key|md|digest algorithm) too (?:small|weak)/.test(message);
}

/** With TLS 1.3, a server that misses the client certificate only closes the connection. */
const CUT =
  'check whether the port uses TLS (https), whether the server requires a client certificate (certFile) and accepts the one it gets, and proxies in between';

const NO_CONNECTION: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ECONNREFUSED: ['nothing listens there', 'check host and port, and whether the server is running'],
  EMFILE: ['too many files are open', 'raise the limit for this process (ulimit -n)'],
  ENOTFOUND: ['that host name is not known', 'check the spelling and the DNS of this machine'],
  [NOT_THIS_MACHINE]: ['DNS says that this name is another machine, and localhost is this one', 'write 127.0.0.1, or the name of the other machine'],
  EAI_AGAIN: ['the DNS of this machine gave no answer', 'check its resolver'],
  ECONNRESET: ['the connection was cut', CUT],
  EHOSTUNREACH: ['there is no route to it', 'check network and firewall'],
  ENETUNREACH: ['there is no route to it', 'check network and firewall'],
  UND_ERR_CONNECT_TIMEOUT: [`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`, 'check network and firewall'],
  UND_ERR_HEADERS_OVERFLOW: ['the head of its answer is larger than any is', 'check what answers there'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['its answer is not as long as its header says', 'check proxies in between'],
  ERR_ASSERTION: ['what answers there is not HTTP', 'check what answers there'],
  UND_ERR_HEADERS_TIMEOUT: ['it accepted the request and did not answer', 'check the load of the server'],
  UND_ERR_BODY_TIMEOUT: ['its answer stopped in the middle', 'check the load of the server'],
  UND_ERR_SOCKET: ['the connection was cut', CUT],
};

/** Errors of a port where another protocol is spoken; undici mostly gives them no code. */
const NO_HTTP = [
  'what answers there is not HTTP/1.1',
  'check the port: it may want https://, or speak gRPC, which portlog does not (of OTLP, 4317 is gRPC mostly, and 4318 HTTP)',
] as const;

/** Codes of requests that the client or Node refuses to send at all. The messages quote no values. */
const UNSENT =
  /^(?:UND_ERR_INVALID_ARG|UND_ERR_NOT_SUPPORTED|UND_ERR_REQ_CONTENT_LENGTH_MISMATCH|ERR_INVALID_[A-Z_]+|ERR_SOCKET_BAD_PORT|ERR_UNESCAPED_CHARACTERS|EINVAL)$/;

/** TLS 1.2 has the same alert for a missing client certificate and for no common cipher. */
const BROKEN_OFF = [
  'it broke off the handshake of TLS: it wants a certificate of ours, or has none of the ciphers that portlog has',
  'set certFile and keyFile in the configuration, or bring its TLS up to date (1.2 or 1.3)',
] as const;
const CERTIFICATE_REFUSED = [
  'it does not accept our certificate',
  'look into its log for the reason, and issue another one (certFile, keyFile)',
] as const;

const TOO_OLD = 'it speaks no version of TLS, or none of the ciphers, that portlog does';

const TLS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  'DEPTH_ZERO_SELF_SIGNED_CERT': ['its certificate is self-signed', 'name the certificate with --ca-file'],
  'SELF_SIGNED_CERT_IN_CHAIN': ['its certificate is signed by an authority that this machine does not know', 'name the authority with --ca-file'],
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE': [
    'its certificate is signed by an authority that this machine does not know',
    'name the authority with --ca-file',
  ],
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY': [
    'its certificate is signed by an authority that this machine does not know',
    'name the authority with --ca-file',
  ],
  'CERT_HAS_EXPIRED': ['its certificate has expired', 'renew it on the server'],
  'CERT_NOT_YET_VALID': ['its certificate is not valid yet', 'check the clock of this machine, or issue another one on the server'],
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED': ['it wants a certificate of ours', 'set certFile and keyFile in the configuration'],
  'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA': ['it does not know who signed our certificate', 'use one of an authority that it trusts'],
  'ERR_TLS_CERT_ALTNAME_INVALID': ['its certificate is for another name', 'use the name in the certificate, or issue one with this name'],
  'ERR_SSL_WRONG_VERSION_NUMBER': ['what answers there is not TLS', 'write http:// or tcp:// if the server has no TLS'],
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': BROKEN_OFF,
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE': BROKEN_OFF,
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION': [TOO_OLD, 'bring its TLS up to date (1.2 or 1.3)'],
  'ERR_SSL_UNSUPPORTED_PROTOCOL': [TOO_OLD, 'bring its TLS up to date (1.2 or 1.3)'],
  'EPROTO': ['the TLS handshake failed', 'write http:// or tcp:// if the server has no TLS'],
};

/** What a TLS alert says about the client certificate; OpenSSL versions use different prefixes. https://www.rfc-editor.org/rfc/rfc8446#section-6.2 */
function alertAbout(code: string): readonly [what: string, hint: string] | undefined {
  if (code.endsWith('_ALERT_CERTIFICATE_EXPIRED')) return ['our certificate has expired', 'renew it (certFile, keyFile)'];
  return /_ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_UNKNOWN)$/.test(code) ? CERTIFICATE_REFUSED : undefined;
}

/** The error for a server that gave no answer, in words for people. `where`: its address. */
export function unreachable(where: string, cause: NodeJS.ErrnoException): SinkError {
  const { code: given = '', message } = firstWithCode(cause);
  // A module of the client, loaded on first use, could not be opened.
  const code = /too many open files/i.test(message) ? 'EMFILE' : given;
  const tls =
    (isTooWeak(message) ? ([`its certificate, or that of its authority, ${TOO_WEAK}`, STRONGER] as const) : TLS[code]) ??
    alertAbout(code) ??
    (/^ERR_SSL|CERT/.test(code) ? ([`TLS failed: ${tlsReason(cause)}`, 'check its TLS: version, certificate, ciphers'] as const) : undefined);
  if (tls !== undefined) return new SinkError('permanent', `${where}: ${tls[0]}`, { hint: tls[1], cause });
  if (UNSENT.test(code))
    return new SinkError('permanent', `nothing can be sent to ${where}: ${reasonOf(cause)}`, {
      hint: 'look at the address, the headers and the secrets of this sink: something in them cannot be sent',
      cause,
    });
  const [what, hint] = (isParserError(cause) ? NO_HTTP : NO_CONNECTION[code]) ?? [cause.message, undefined];
  return new SinkError('temporary', `${where} cannot be reached: ${what}`, { hint, cause });
}

/** OpenSSL's error text without addresses and file names. https://nodejs.org/api/errors.html#openssl-errors */
function tlsReason(cause: NodeJS.ErrnoException & { readonly reason?: unknown }): string {
  return typeof cause.reason === 'string' ? cause.reason : reasonOf(cause);
}

function isParserError({ name, code = '' }: NodeJS.ErrnoException): boolean {
  return name === 'HTTPParserError' || code.startsWith('HPE_');
}

/** The first error with a code: undici and happy eyeballs wrap the actual cause. */
function firstWithCode(error: NodeJS.ErrnoException & { readonly errors?: readonly NodeJS.ErrnoException[] }): NodeJS.ErrnoException {
  const inner = error.errors?.[0] ?? (error.cause as NodeJS.ErrnoException | undefined);
  return error.code !== undefined || inner === undefined ? error : firstWithCode(inner);
}
