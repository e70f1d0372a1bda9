import { isCount, isObject, jsonIn, plainWords, unknownAnswer, wordsAt } from '../transport/answer.ts';
import type { HttpAnswer } from '../transport/http.ts';

/** The body of a 2xx answer. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

const NOTHING_REJECTED: PartialSuccess = { rejected: 0, message: '' };

/**
 * Reads an ExportLogsServiceResponse: an empty body (Loki, Fluent Bit, VictoriaLogs), JSON, or protobuf, by the content type of the answer,
 * which may differ from that of the request. Anything else acknowledges nothing: throws a temporary {@link SinkError}.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
export function partialSuccessIn(url: URL, answer: HttpAnswer): PartialSuccess {
  if (answer.bytes.length === 0) return NOTHING_REJECTED;
  const isProtobuf = answer.headers['content-type']?.startsWith('application/x-protobuf') === true;
  const found = isProtobuf ? inProtobuf(answer.bytes) : inJson(answer.body);
  if (found === undefined) throw unknownAnswer(url.origin, `${answer.status}, and the answer is not what a receiver of OTLP writes`);
  return found;
}

/** The error message of a receiver: that of a google.rpc.Status, in JSON or protobuf, else the text of the answer. */
export function wordsIn(answer: HttpAnswer): string {
  const { body, bytes } = answer;
  return (wordsAt(jsonIn(body), 'message') ?? statusIn(bytes) ?? plainWords(answer, 300))
    .replaceAll(/[^ -~]+/g, ' ')
    .trim()
    .slice(0, 300);
}

/** google.rpc.Status: `code` (1, varint), `message` (2, string), `details` (3). No text begins with one of these tags. */
function statusIn(bytes: Buffer): string | undefined {
  const wires: Readonly<Record<number, number>> = { 1: VARINT, 2: LENGTH, 3: LENGTH };
  const fields = fieldsOf(bytes);
  if (fields === undefined || fields.some(({ number, wire }) => wires[number] !== wire)) return undefined;
  const message = fields.find(({ number }) => number === 2)?.value as Buffer | undefined;
  return message?.toString('utf8');
}

function inJson(body: string): PartialSuccess | undefined {
  const json = jsonIn(body);
  if (!isObject(json)) return undefined;
  const { partialSuccess, ...rest } = json;
  // Later versions may add members; one named like an error is an error.
  if (Object.keys(rest).some((name) => /error|code|message|fail|reject/i.test(name))) return undefined;
  if (partialSuccess === undefined || partialSuccess === null) return Object.keys(rest).length === 0 ? NOTHING_REJECTED : undefined;
  if (!isObject(partialSuccess)) return undefined;
  const { rejectedLogRecords = 0, errorMessage = '' } = partialSuccess;
  const rejected = typeof rejectedLogRecords === 'string' && /^\d{1,15}$/.test(rejectedLogRecords) ? Number(rejectedLogRecords) : rejectedLogRecords;
  return isCount(rejected) && typeof errorMessage === 'string' ? { rejected, message: errorMessage } : undefined;
}

/**
 * opentelemetry-proto, collector/logs/v1: `partial_success` is field 1, with `rejected_log_records` (1, varint) and `error_message` (2,
 * string). Not read with the SDK, which skips fields of another type, and so would take a google.rpc.Status for success.
 */
function inProtobuf(bytes: Buffer): PartialSuccess | undefined {
  const outer = fieldsOf(bytes);
  // Without field 1 it may be anything, even a text: `error` is one field of number 12.
  if (outer?.some(({ number }) => number === 1) !== true) return undefined;
  if (outer.some(({ number, wire }) => number <= 2 && (number !== 1 || wire !== LENGTH))) return undefined;
  const inner = outer.flatMap(({ number, value }) => (number === 1 ? [fieldsOf(value as Buffer)] : []));
  let { rejected, message } = NOTHING_REJECTED;
  for (const { number, wire, value } of inner.flatMap((fields) => fields ?? [{ number: 0, wire: -1, value: 0n }])) {
    if (number === 1 && wire === VARINT && isCount(Number(value))) rejected = Number(value);
    else if (number === 2 && wire === LENGTH) message = (value as Buffer).toString('utf8');
    else if (number <= 2) return undefined;
  }
  return { rejected, message };
}

const [VARINT, FIXED64, LENGTH, FIXED32] = [0, 1, 2, 5] as const;

interface Field {
  readonly number: number;
  readonly wire: number;
  readonly value: bigint | Buffer;
}

/** The fields of a protobuf message; undefined when the bytes are not one. */
function fieldsOf(bytes: Buffer): readonly Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, behindTag] = varint(bytes, at);
    const [number, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    if (behindTag === 0 || number === 0) return undefined;
    const [length, start] = wire === LENGTH ? varint(bytes, behindTag) : [0n, behindTag];
    const value = wire === VARINT ? varint(bytes, start) : undefined;
    const end = value?.[1] ?? start + (wire === FIXED64 ? 8 : wire === FIXED32 ? 4 : wire === LENGTH ? Number(length) : Infinity);
    if (start === 0 || end === 0 || end > bytes.length) return undefined;
    fields.push({ number, wire, value: value?.[0] ?? bytes.subarray(start, end) });
    at = end;
  }
  return fields;
}

/** A varint and the index behind it; the index is 0 when the bytes end too early. */
function varint(bytes: Buffer, from: number): readonly [value: bigint, end: number] {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) return [0n, 0];
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return [value, from + i + 1];
  }
  return [0n, 0];
}
