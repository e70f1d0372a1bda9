import type { LogEvent } from '../event/event.ts';
import { shorterEvents } from '../event/shorten.ts';
import type { Encoded, Refused, Sink } from './sink.ts';

/** The sink with events limited to `limits.maxEventBytes`: larger ones are shortened and marked (`nmap.shortened`). */
export function withinLimits(sink: Sink): Sink {
  const { maxEventBytes } = sink.limits;
  return maxEventBytes === undefined ? sink : { ...sink, encode: (event) => encodedWithin(sink, event, maxEventBytes) };
}

function encodedWithin(sink: Sink, event: LogEvent, maxBytes: number): Encoded | Refused {
  const whole = sink.encode(event);
  if ('refused' in whole || whole.bytes <= maxBytes) return whole;
  for (const shorter of shorterEvents(event)) {
    const encoded = sink.encode(shorter);
    if ('refused' in encoded || encoded.bytes <= maxBytes) return encoded;
  }
  return { refused: `even shortened, the event has more than the ${maxBytes} bytes that ${sink.name} takes` };
}
