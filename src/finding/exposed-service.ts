import { shownService } from '../event/service-name.ts';
import { type Check, checked } from './finding.ts';
import type { RiskyService } from './risky-services.ts';
import { SERVICE } from './script.ts';

/** Open ports of a catalogue, its first entry that fits. What nmap has asked counts; a number alone when it has not. */
export function exposedServices(catalogue: readonly RiskyService[]): Check {
  return {
    rules: catalogue,
    find({ port, external }) {
      if (port?.state?.state !== 'open') return [];
      const place = `${port.portid}/${port.protocol ?? ''}`;
      const { service } = port;
      const isAsked = service?.method === 'probed' && service.name !== undefined && service.name !== 'tcpwrapped';
      const isMeant = ({ ports, services }: RiskyService): boolean =>
        isAsked ? services.test(service.name ?? '') && service.tunnel !== 'ssl' : ports.includes(place);
      const found = catalogue.find(isMeant);
      if (found === undefined) return [];
      const name = isAsked ? shownService(service.name, service.tunnel) : found.name;
      const shown = name.toLowerCase() === found.name.toLowerCase() ? '' : ` (${name})`;
      return [checked(found, SERVICE, `${found.name} is reachable${shown}`, { severity: external === true ? found.external : found.severity })];
    },
  };
}
