import { systemClock } from '../../core/clock.ts';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Deadline, isTimeout } from '../../core/deadline.ts';
import { PortlogError } from '../../core/errors.ts';
import { afterTurns } from '../../core/event-loop.ts';
import { CONNECT_TIMEOUT_MS, type tlsOptions, unreachable } from './connection.ts';
import type { CommonOptions } from '../options.ts';
import { isReachable } from '../address.ts';
import { withoutUser } from '../shown.ts';
import { SinkError } from '../sink.ts';
import { lookupName } from './this-machine.ts';

/** The address of a byte stream. */
export interface StreamAddress {
  readonly protocol: 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  /** The address as it is shown. */
  readonly text: string;
}

const EXAMPLE = 'tls://loghost:6514 or tcp://loghost:514';

/** Reads `tcp://host[:port]` or `tls://host[:port]`. Throws `sink-options`. */
export function streamAddress(
  { type, target }: Pick<CommonOptions, 'type' | 'target'>,
  ports: Readonly<Record<'tcp' | 'tls', number>>,
): StreamAddress {
  if (target?.startsWith('udp:') === true)
    throw new PortlogError('sink-options', `${type} over UDP is not supported: lost events would not be noticed`, {
      hint: `use TCP, with TLS where the network is not yours alone: ${type}=${EXAMPLE}`,
    });
  const url = URL.parse(target ?? '');
  const protocol = url?.protocol.slice(0, -1);
  if (
    url === null ||
    (protocol !== 'tcp' && protocol !== 'tls') ||
    url.hostname === '' ||
    !isReachable(url) ||
    /[^/]/.test(url.pathname + url.search + url.username)
  )
    throw new PortlogError('sink-options', `"${withoutUser(target ?? '')}" is not an address for ${type}`, {
      hint: `for example ${type}=${EXAMPLE}`,
    });
  const port = url.port === '' ? ports[protocol] : Number(url.port);
  return { protocol, host: url.hostname.replaceAll(/[[\]]/g, ''), port, text: `${protocol}://${url.hostname}:${port}` };
}

export interface StreamOptions {
  readonly tls: ReturnType<typeof tlsOptions>;
  /** Time limit from connecting to the end, even while the other side sends data. */
  readonly timeoutMs: number;
}

/** After this pause, what was sent has usually been received or refused; longer on slow connections. */
const PAUSE_MS = 20;
const MAX_PAUSE_MS = 1000;
/** Most characters quoted of what the other side says. */
const MAX_WORDS = 60;

/**
 * Sends bytes over a new connection, and resolves when the receiver has closed its side after ours. That means it has read them to the end,
 * which is the only acknowledgement of a bare stream. Otherwise throws a {@link SinkError}, and a part of the bytes may have been read.
 * Our side is closed a moment after the last byte was sent. By then a receiver that closes without reading (a load balancer without a backend
 * accepts and closes) has closed or reset the connection.
 */
export async function sendStream(address: StreamAddress, bytes: Buffer, options: StreamOptions, signal: AbortSignal): Promise<void> {
  const socket = open(address, options);
  const deadline = new Deadline(Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs) + options.timeoutMs, signal);
  const interrupt = (): void => void socket.destroy(new SinkError('temporary', `${address.text}: ${whyEnded(deadline.signal)}`));
  deadline.signal.addEventListener('abort', interrupt);
  try {
    if (signal.aborted) interrupt();
    await closedByBoth(socket, address, bytes, options);
  } catch (error) {
    throw error instanceof SinkError ? error : unreachable(address.text, error as NodeJS.ErrnoException);
  } finally {
    deadline.end();
    socket.destroy();
  }
}

function whyEnded({ reason }: AbortSignal): string {
  return isTimeout(reason) ? 'it did not read to the end in time' : 'interrupted before all was read';
}

function open({ protocol, host, port }: StreamAddress, { tls }: StreamOptions): Socket {
  if (protocol === 'tcp') return connectTcp({ host, port, allowHalfOpen: true, lookup: lookupName });
  return connectTls({ host, port, lookup: lookupName, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls });
}

function closedByBoth(socket: Socket, { protocol, text }: StreamAddress, bytes: Buffer, { timeoutMs }: StreamOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const since = systemClock.elapsed();
    let isConnected = false;
    let isAsked = false;
    const late = (): string =>
      isConnected ? `${text} accepted the connection, but did not read to the end` : `${text} cannot be reached: no connection in time`;
    socket.setTimeout(Math.min(CONNECT_TIMEOUT_MS, timeoutMs));
    socket.on('timeout', () => socket.destroy(new SinkError('temporary', late(), { hint: 'check network and firewall, and what listens there' })));
    socket.on('error', reject);
    const endOurSide = (): void => {
      isAsked = true;
      socket.end();
    };
    socket.once(protocol === 'tls' ? 'secureConnect' : 'connect', () => {
      isConnected = true;
      const pause = Math.min(MAX_PAUSE_MS, Math.max(PAUSE_MS, 2 * (systemClock.elapsed() - since)));
      socket.setTimeout(timeoutMs);
      socket.write(bytes, () => setTimeout(() => afterTurns(TURNS_TO_RECEIVE, endOurSide), pause));
    });
    socket.on('end', () => {
      if (isAsked) resolve();
      else reject(new SinkError('temporary', `${text} closed the connection before all was sent`));
    });
    socket.on('close', () => reject(new SinkError('temporary', `${text}: the connection was cut`)));
    socket.on('data', (chunk: Buffer) => socket.destroy(unexpectedAnswer(text, chunk)));
  });
}

const TURNS_TO_RECEIVE = 3;
/**
 * The error when the other side says something, which a syslog receiver never does. An HTTP server answers that this is no request and closes
 * its side, which would otherwise count as having read everything.
 */
function unexpectedAnswer(text: string, chunk: Buffer): SinkError {
  const words = chunk
    .toString('latin1')
    .replaceAll(/[^ -~]+/g, ' ')
    .trim()
    .slice(0, MAX_WORDS);
  return new SinkError('temporary', `${text} answers "${words}", but a receiver of syslog answers nothing`, {
    hint: 'check the port: another kind of server listens there',
  });
}
