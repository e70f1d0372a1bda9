/* What a receiver reads from OTLP's protobuf, by the definitions of opentelemetry-proto, as the JSON that says the same. */

type Json = Record<string, unknown>;
/** Of a field: its name, and how it is read. */
type Shape = Readonly<Record<number, readonly [name: string, read: (value: Buffer | bigint) => unknown, many?: true]>>;

const text = (value: Buffer | bigint): string => (value as Buffer).toString();
const number = (value: Buffer | bigint): number => Number(value);
const nanoseconds = (value: Buffer | bigint): string => (value as Buffer).readBigUInt64LE().toString();

const ANY: Shape = {
  1: ['stringValue', text],
  2: ['boolValue', (value) => value === 1n],
  3: ['intValue', (value) => BigInt.asIntN(64, value as bigint).toString()],
  4: ['doubleValue', (value) => (value as Buffer).readDoubleLE()],
  5: ['arrayValue', (value) => ({ values: [], ...message({ 1: ['values', any, true] })(value) })],
  6: ['kvlistValue', (value) => ({ values: [], ...message({ 1: ['values', keyValue, true] })(value) })],
  7: ['bytesValue', (value) => (value as Buffer).toString('base64')],
};
const RECORD: Shape = {
  1: ['timeUnixNano', nanoseconds],
  2: ['severityNumber', number],
  3: ['severityText', text],
  5: ['body', any],
  6: ['attributes', keyValue, true],
  7: ['droppedAttributesCount', number],
  8: ['flags', (value) => (value as Buffer).readUInt32LE()],
  9: ['traceId', (value) => (value as Buffer).toString('hex')],
  10: ['spanId', (value) => (value as Buffer).toString('hex')],
  11: ['observedTimeUnixNano', nanoseconds],
  12: ['eventName', text],
};
const SCOPE: Shape = { 1: ['name', text], 2: ['version', text], 3: ['attributes', keyValue, true] };
const SCOPE_LOGS: Shape = { 1: ['scope', message(SCOPE)], 2: ['logRecords', message(RECORD), true] };
const RESOURCE_LOGS: Shape = { 1: ['resource', message({ 1: ['attributes', keyValue, true] })], 2: ['scopeLogs', message(SCOPE_LOGS), true] };

/** An ExportLogsServiceRequest. Throws when it is none. */
export function otlpRequestIn(bytes: Uint8Array): unknown {
  return message({ 1: ['resourceLogs', message(RESOURCE_LOGS), true] })(Buffer.from(bytes));
}

function any(value: Buffer | bigint): Json {
  return message(ANY)(value);
}

function keyValue(value: Buffer | bigint): Json {
  return message({ 1: ['key', text], 2: ['value', any] })(value);
}

function message(shape: Shape): (value: Buffer | bigint) => Json {
  return (value) => {
    const bytes = value as Buffer;
    const read: Json = {};
    let at = 0;
    const varint = (): bigint => {
      let number = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes.readUInt8(at++);
        number |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return number;
      }
    };
    const piece = (length: number): Buffer => {
      if (at + length > bytes.length) throw new Error('a field ends behind its message');
      return bytes.subarray(at, (at += length));
    };
    while (at < bytes.length) {
      const tag = Number(varint());
      const wireType = tag & 7;
      const found = wireType === 0 ? varint() : piece(wireType === 2 ? Number(varint()) : wireType === 1 ? 8 : 4);
      const [name, how, many] = shape[tag >> 3] ?? [];
      if (name === undefined || how === undefined) throw new Error(`there is no field ${tag >> 3}`);
      if (many === true) ((read[name] ??= []) as unknown[]).push(how(found));
      else read[name] = how(found);
    }
    return read;
  };
}
