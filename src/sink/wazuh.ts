import { systemClock } from '../clock.ts';
import { PortlogError } from '../errors.ts';
import type { Dataset } from '../event/event.ts';
import { flatLine } from '../event/flat.ts';
import { encoded } from './body.ts';
import { fileSink } from './file.ts';
import { accepting, type SinkOptions } from './options.ts';
import { type Sink, SinkError } from './sink.ts';

/** What rules look at. Hosts and ports are many, and alert nobody. */
const DATASETS: readonly Dataset[] = ['nmap.change', 'nmap.finding', 'nmap.scan', 'nmap.health'];
/** An agent passes on 500 events a second, and drops what its buffer of 5,000 does not hold. */
const DEFAULT_EVENTS_PER_SECOND = 400;
const MAX_EVENTS = 100;

/**
 * A file that the logcollector of Wazuh reads (`<localfile>`, `log_format` json): the road for volume. Events in
 * the form of {@link flatLine}, written no faster than an agent passes them on.
 * https://documentation.wazuh.com/current/user-manual/reference/ossec-conf/localfile.html
 */
export function wazuhSink(options: SinkOptions): Sink {
  if (options.target === undefined || /^https?:/.test(options.target))
    throw new PortlogError('sink-options', 'the sink "wazuh" needs the path of a file that its logcollector reads', {
      hint: 'for example --to wazuh=/var/log/portlog/wazuh.ndjson; portlog setup wazuh --export DIR shows what goes into ossec.conf',
    });
  const { eventsPerSecond = DEFAULT_EVENTS_PER_SECOND, datasets = DATASETS } = options;
  const file = fileSink(options);
  let free = 0;

  return {
    ...file,
    name: file.name.replace('file', 'wazuh'),
    identity: { ...file.identity, type: 'wazuh' },
    limits: { ...file.limits, maxEvents: MAX_EVENTS },
    accepts: accepting({ datasets }),
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
