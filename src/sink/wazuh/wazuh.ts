import type { WazuhOptions } from './options.ts';
import { hostname } from 'node:os';
import { PortlogError } from '../../core/errors.ts';
import type { Dataset } from '../../event/event.ts';
import { flatLine } from '../../event/flat.ts';
import { syslogHeader } from '../../event/syslog.ts';
import { accepting } from '../only.ts';
import type { Sink, Notify } from '../sink.ts';
import { messageStream } from '../syslog/syslog.ts';
import { wazuhEvents } from './events.ts';
import { logcollectorFile } from './file.ts';

/** Datasets that have Wazuh rules. The many events about hosts, ports and findings raise no alerts; changes do. */
const DATASETS: readonly Dataset[] = ['nmap.change', 'nmap.scan', 'nmap.health'];
/** An earlier default, which is part of the destination's identity in the state. */
const KNOWN_BY: readonly Dataset[] = ['nmap.change', 'nmap.finding', 'nmap.scan', 'nmap.health'];

/** Wazuh 4, over one of its three inputs. Events have the form of {@link flatLine}. */
export function wazuhSink(given: WazuhOptions, notify: Notify = () => undefined): Sink {
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
  return { ...(/^\w+:\/\//.test(target) ? overSyslog(options) : logcollectorFile(options, notify)), accepts };
}

/**
 * The syslog input of a manager (`<remote>`, `connection` syslog), or a relay before it. It understands only headers of RFC 3164, behind which
 * our decoder finds the JSON.
 * https://documentation.wazuh.com/current/user-manual/reference/ossec-conf/remote.html
 */
function overSyslog(options: WazuhOptions): Omit<Sink, 'accepts'> {
  const header = { format: 'rfc3164', facility: options.facility ?? 'local0', hostname: hostname() } as const;
  return messageStream({ ...options, framing: options.framing ?? 'newline' }, (event) => syslogHeader(event, header) + flatLine(event));
}
