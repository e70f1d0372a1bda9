import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import { PortlogError } from '../errors.ts';
import type { Dataset } from '../event/event.ts';
import { flatLine } from '../event/flat.ts';
import { syslogHeader } from '../event/syslog.ts';
import { encoded } from './body.ts';
import { fileSink } from './file.ts';
import { accepting, type SinkOptions } from './options.ts';
import { type Sink, SinkError } from './sink.ts';
import { messageStream } from './syslog.ts';
import { wazuhEvents } from './wazuh-events.ts';

/** What rules look at. Hosts, ports and weaknesses of every scan are many, and alert nobody: what is new of them is a change. */
const DATASETS: readonly Dataset[] = ['nmap.change', 'nmap.scan', 'nmap.health'];
/** What they were once, and so a part of the name by which the state knows this destination. */
const KNOWN_BY: readonly Dataset[] = ['nmap.change', 'nmap.finding', 'nmap.scan', 'nmap.health'];
/** An agent passes on 500 events a second, and drops what its buffer of 5,000 does not hold. */
const DEFAULT_EVENTS_PER_SECOND = 400;
const MAX_EVENTS = 100;

/** Wazuh 4, by one of its ways in. Events in the form of {@link flatLine}. */
export function wazuhSink(given: SinkOptions): Sink {
  const options = { ...given, datasets: given.datasets ?? KNOWN_BY };
  const { target } = options;
  if (target === undefined)
    throw new PortlogError('sink-options', 'the sink "wazuh" needs a file that its logcollector reads, or the address of a manager', {
      hint: 'wazuh=/var/log/portlog/wazuh.ndjson, wazuh=https://manager:55000 or wazuh=tcp://manager:514; docs/how-to/wazuh.md says which',
    });
  if (/^[\w.-]+:\d+$/.test(target))
    throw new PortlogError('sink-options', `"wazuh=${target}" may be a file or a manager`, {
      hint: `write wazuh=https://${target} for its API, wazuh=tcp://${target} for its syslog, or wazuh=./${target} for a file`,
    });
  const accepts = accepting({ datasets: given.datasets ?? DATASETS });
  if (/^https?:/.test(target)) return { ...wazuhEvents(options), accepts };
  return { ...(/^\w+:\/\//.test(target) ? overSyslog(options) : forLogcollector(options)), accepts };
}

/**
 * A file that the logcollector reads (`<localfile>`, `log_format` json): the road for volume. Written no faster
 * than an agent passes it on.
 * https://documentation.wazuh.com/current/user-manual/reference/ossec-conf/localfile.html
 */
function forLogcollector(options: SinkOptions): Omit<Sink, 'accepts'> {
  const { eventsPerSecond = DEFAULT_EVENTS_PER_SECOND } = options;
  const file = fileSink(options);
  let free = 0;

  return {
    ...file,
    name: file.name.replace('file', 'wazuh'),
    identity: { ...file.identity, type: 'wazuh' },
    limits: { ...file.limits, maxEvents: MAX_EVENTS },
    encode: (event) => encoded([flatLine(event), '\n']),
    async send(batch, signal) {
      const now = systemClock.now();
      if (free > now) await systemClock.sleep(free - now, signal);
      if (signal.aborted) throw new SinkError('temporary', `${file.name}: interrupted while it waited for its turn`);
      const outcome = await file.send(batch, signal);
      free = Math.max(now, free) + (batch.entries.length / eventsPerSecond) * 1000;
      return outcome;
    },
  };
}

/**
 * The syslog of a manager (`<remote>`, `connection` syslog), or of a relay before it. Of headers it knows that of
 * RFC 3164 only, behind which our decoder finds JSON.
 * https://documentation.wazuh.com/current/user-manual/reference/ossec-conf/remote.html
 */
function overSyslog(options: SinkOptions): Omit<Sink, 'accepts'> {
  const header = { format: 'rfc3164', facility: options.facility ?? 'local0', hostname: hostname() } as const;
  return messageStream({ ...options, framing: options.framing ?? 'newline' }, (event) => syslogHeader(event, header) + flatLine(event));
}
