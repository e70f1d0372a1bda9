import type { Writable } from 'node:stream';
import { reasonOf } from '../../core/reason.ts';
import { type LineFormat, LINES } from '../../event/lines.ts';
import { batchBody, encoded, BufferPool } from '../transport/body.ts';
import { accepting } from '../only.ts';
import { allDelivered } from '../outcome.ts';
import { type Sink, SinkError } from '../sink.ts';

const LIMITS = { maxEvents: 2000, maxBytes: 1 << 18, inFlight: 1, inFlightPerPartition: 1 };

/** One line of JSON per event, in order, to a stream whose reader may go away. */
export function stdoutSink(stream: Writable, format: LineFormat): Sink {
  const render = LINES[format];
  let failure: NodeJS.ErrnoException | undefined;
  const scratch = new BufferPool(LIMITS.maxBytes);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    failure = error;
  });

  return {
    name: 'stdout',
    identity: { type: 'stdout', target: '', scope: format },
    limits: LIMITS,
    undeliverable: 'discard',
    lines: format,
    accepts: accepting({ datasets: undefined }),
    encode(event) {
      return encoded([...render(event), '\n']);
    },
    async check() {
      return [];
    },
    async send(batch) {
      if (batch.body !== undefined) await write(stream, batch.body);
      else {
        const body = batchBody(batch, scratch);
        await write(stream, body);
        scratch.release(body);
      }
      if (failure !== undefined) throw closedOr(failure);
      return allDelivered(batch);
    },
    async close() {},
  };
}

function closedOr(error: NodeJS.ErrnoException): SinkError {
  if (error.code === 'EPIPE') return new SinkError('closed', 'the reader of standard output has gone', { cause: error });
  return new SinkError('permanent', `writing to standard output failed: ${reasonOf(error)}`, { cause: error });
}

/** Resolves when the stream has taken the bytes; throws a SinkError, `closed` when the reader has gone. */
export function write(stream: Writable, bytes: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(closedOr(error)) : resolve()));
  });
}
