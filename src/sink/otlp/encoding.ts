import { otlpFrame } from '../../event/otel.ts';
import type { Batch } from '../sink.ts';
import { type BufferPool, writeParts } from '../transport/body.ts';

/** One of the two forms that a request may have. */
export interface OtlpEncoding {
  readonly name: 'json' | 'protobuf';
  readonly contentType: string;
  /** Encodes a request with these entries, into a buffer of `scratch` or a new one. */
  request(batch: Batch, scratch: BufferPool): Buffer;
}

/** https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export const JSON_ENCODING: OtlpEncoding = {
  name: 'json',
  contentType: 'application/json',
  request({ partition, entries }, scratch) {
    if (entries.length === 0) return Buffer.from('{"resourceLogs":[]}');
    const [head, tail] = otlpFrame(partition);
    const pieces = [head, ...entries.flatMap(({ parts }, i) => (i === 0 ? parts : [',', ...parts])), tail];
    const body = scratch.acquire(pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0));
    return body.subarray(0, writeParts(body, pieces, 0));
  },
};
