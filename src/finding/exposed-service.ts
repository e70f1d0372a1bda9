import { shownService } from '../event/service-name.ts';
import { remembering } from '../core/memo.ts';
import { SEVERITY } from '../event/event.ts';
import { PORT, SERVICE } from '../event/finding-source.ts';
import { type Check, checked, type Finding } from './finding.ts';
import type { Service } from '../nmap/model.ts';
import { answersScripts } from './answers-scripts.ts';
import type { RiskyService } from './risky-service.ts';
import { withOpenAccess } from './open-service.ts';
import { nameAsked } from './script.ts';

/** What happens with guesses: stored, also reported as a change, or ignored. */
export type Guesses = 'store' | 'alert' | 'silence';

/** Open ports that match a catalogue of services; the first matching entry counts. Without version detection, the port number is only a guess. */
export function exposedServices(catalogue: readonly RiskyService[], guesses: Guesses = 'store'): Check {
  // Cached: some fifty patterns per port, and many ports with the same service.
  const byName = remembering((name) => ({ found: catalogue.find(({ services }) => services.test(name)) }));
  const byProduct = remembering((product) => ({ found: catalogue.find(({ products }) => products?.test(product) === true) }));
  const byPlace = remembering((place) => ({ found: catalogue.find(({ ports }) => ports.includes(place)) }));
  return {
    rules: catalogue,
    needsScripts: false,
    find({ port, external = false }) {
      if (port?.state?.state !== 'open') return [];
      const { service } = port;
      const asked = nameAsked(service);
      const usual = byPlace(`${port.portid}/${port.protocol ?? ''}`).found;
      if (asked === undefined) return answersScripts(usual, port) ? [reachable(usual, '', external)] : guessed(usual, guesses, external);
      const found = byName(asked).found ?? (asked === 'http' ? byProduct(service?.product ?? '').found : undefined);
      if (found === undefined) return asked === 'http' ? unnamedServer(usual, service, guesses, external) : [];
      if (service?.tunnel === 'ssl' && isCuredByTls(found)) return [];
      const name = shownService(asked, service?.tunnel);
      return [withOpenAccess(reachable(found, name.toLowerCase() === found.name.toLowerCase() ? '' : ` (${name})`, external), port)];
    },
  };
}

function reachable(service: RiskyService, shown: string, external: boolean): Finding {
  return checked(service, SERVICE, `${service.name} is reachable${shown}`, { severity: external ? service.external : service.severity });
}

/**
 * A web server that nmap could not name, at the usual port of a product over HTTP. Docker, kubelet, etcd, Consul and InfluxDB answer
 * as anything that is written in Go does; that much is a hint, which a web server without any name is not.
 */
function unnamedServer(usual: RiskyService | undefined, service: Service | undefined, guesses: Guesses, external: boolean): readonly Finding[] {
  const { product = '', tunnel } = service ?? {};
  if (usual?.products === undefined || (tunnel === 'ssl' && isCuredByTls(usual))) return [];
  if (product === '') return guessed(usual, guesses, external);
  if (usual.isGo !== true || !/^Golang\b/.test(product)) return [];
  return [
    { ...reachable(usual, '', external), title: `${usual.name} is probably reachable: a web server in Go answers at its port`, confidence: 'likely' },
  ];
}

/** Whether a service is only risky because others can read the traffic, which TLS prevents. */
function isCuredByTls({ category, curedByTls = false }: RiskyService): boolean {
  return category === 'cleartext' || curedByTls;
}

/** A port number alone does not show what listens there: until version detection confirms it, the finding is low and raises no alert. */
function guessed(service: RiskyService | undefined, guesses: Guesses, external: boolean): readonly Finding[] {
  if (service === undefined) return [];
  const title = `${service.name} may be reachable, a guess from the number of the port`;
  const severity = external ? service.external : service.severity;
  const alerts = guesses === 'alert';
  const finding = checked(service, PORT, title, { severity: alerts ? severity : Math.min(severity, SEVERITY.low) });
  return [{ ...finding, confidence: 'guess', alerts, isSilenced: guesses === 'silence' }];
}
