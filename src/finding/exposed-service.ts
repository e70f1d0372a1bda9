import { shownService } from '../event/service-name.ts';
import { remembering } from '../memo.ts';
import type { Service } from '../nmap/model.ts';
import { type Check, checked } from './finding.ts';
import type { RiskyService } from './risky-services.ts';
import { SERVICE } from './script.ts';

/** Open ports of a catalogue, its first entry that fits. What nmap has asked counts; a number alone when it has not. */
export function exposedServices(catalogue: readonly RiskyService[]): Check {
  // Half a hundred patterns a port, and a thousand ports that say the same.
  const byName = remembering((name) => ({ found: catalogue.find(({ services }) => services.test(name)) }));
  const byPlace = remembering((place) => ({ found: catalogue.find(({ ports }) => ports.includes(place)) }));
  return {
    rules: catalogue,
    needsScripts: false,
    find({ port, external }) {
      if (port?.state?.state !== 'open') return [];
      const { service } = port;
      const asked = nameAsked(service);
      if (asked !== undefined && service?.tunnel === 'ssl') return [];
      const { found } = asked === undefined ? byPlace(`${port.portid}/${port.protocol ?? ''}`) : byName(asked);
      if (found === undefined) return [];
      const name = asked === undefined ? found.name : shownService(asked, service?.tunnel);
      const shown = name.toLowerCase() === found.name.toLowerCase() ? '' : ` (${name})`;
      return [checked(found, SERVICE, `${found.name} is reachable${shown}`, { severity: external === true ? found.external : found.severity })];
    },
  };
}

/** The name of a service that has answered. */
function nameAsked(service: Service | undefined): string | undefined {
  return service?.method === 'probed' && service.name !== 'tcpwrapped' ? service.name : undefined;
}
