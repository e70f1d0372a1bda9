import type { SyslogOptions } from './options.ts';
import { hostname } from 'node:os';
import { lineWithin } from '../../event/shorten.ts';
import type { LogEvent } from '../../event/event.ts';
import { syslogHeader } from '../../event/syslog.ts';
import { batchBody, encoded, BufferPool } from '../transport/body.ts';
import { tlsOptions } from '../transport/connection.ts';
import { accepting } from '../only.ts';
import { scopeOf } from '../address.ts';
import type { StreamOptions } from '../options.ts';
import { allDelivered } from '../outcome.ts';
import type { Diagnosis, Encoded, Refused, Sink } from '../sink.ts';
import { sendStream, type StreamAddress, streamAddress } from '../transport/stream.ts';

/** Small batches: a receiver that fails in the middle of one gets the part that it has read again. */
const LIMITS = { maxEvents: 200, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 1 };
/** Default ports. 514/tcp is registered for `shell`, but used for syslog; 6514 is syslog-tls (RFC 5425). */
const PORTS = { tcp: 514, tls: 6514 };
/** rsyslog accepts 8,096 bytes by default; RFC 5424 requires 2,048. */
const DEFAULT_MAX_MESSAGE_BYTES = 8000;

/**
 * Any receiver of syslog over TCP (RFC 6587) or TLS (RFC 5425): a header, and the ECS event as JSON behind it.
 */
export function syslogSink(options: SyslogOptions): Sink {
  const { syslogFormat = 'rfc5424', facility = 'local0', maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES } = options;
  const header = { format: syslogFormat, facility, hostname: hostname() };
  return {
    ...messageStream(options, (event) => {
      const head = syslogHeader(event, header);
      const line = lineWithin({ ...event.shared.fields, ...event.own }, maxMessageBytes - Buffer.byteLength(head), true);
      return line === undefined ? { refused: `longer than ${maxMessageBytes} bytes, however much is left out of it` } : head + line;
    }),
    accepts: accepting(options),
  };
}

/** Messages over a stream of syslog. */
export function messageStream(options: StreamOptions, messageOf: (event: LogEvent) => string | Refused): Omit<Sink, 'accepts'> {
  const { type, framing = 'octet-counting' } = options;
  const address = streamAddress(options, PORTS);
  const scratch = new BufferPool(LIMITS.maxBytes);
  const stream = { tls: tlsOptions(options, address.protocol === 'tls'), timeoutMs: options.timeoutMs };
  return {
    name: `${type} ${address.text}`,
    identity: { type, target: address.text, scope: scopeOf({}, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    // Syslog over a stream has no acknowledgement (RFC 5425, RFC 6587): a load balancer or receiver may drop what the stream accepted.
    acknowledges: false,
    encode(event) {
      const message = messageOf(event);
      return typeof message === 'string' ? framed(message, framing) : message;
    },
    async check(signal) {
      await sendStream(address, Buffer.alloc(0), stream, signal);
      return [{ level: 'ok', message: `${address.text} takes connections${withTls(address)}` }, unproven(framing)];
    },
    async send(batch, signal) {
      const body = batchBody(batch, scratch);
      await sendStream(address, body, stream, signal);
      scratch.release(body);
      return allDelivered(batch);
    },
    close: async () => undefined,
  };
}

/** RFC 6587, 3.4: the length before the message, or a line feed after it (JSON contains none). */
function framed(message: string, framing: 'octet-counting' | 'newline'): Encoded {
  return encoded([framing === 'octet-counting' ? `${Buffer.byteLength(message)} ${message}` : `${message}\n`]);
}

/** A warning: with the wrong framing, messages arrive damaged or not at all, and no answer shows it. */
function unproven(framing: 'octet-counting' | 'newline'): Diagnosis {
  return {
    level: 'warning',
    message: `framing cannot be checked: a receiver of syslog does not answer whether it separates messages by ${framing}, as they are sent`,
    lasting: true,
    hint: 'ship one scan and look at what arrived; which receiver wants which framing is in docs/how-to/syslog.md',
  };
}

function withTls({ protocol }: StreamAddress): string {
  return protocol === 'tls' ? ' over TLS, with a certificate that is trusted' : '';
}
