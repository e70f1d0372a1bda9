import { shownService } from '../event/service-name.ts';
import { remembering } from '../core/memo.ts';
import { SEVERITY } from '../event/event.ts';
import { PORT, SERVICE } from '../event/finding-source.ts';
import { type Check, checked, type Finding } from './finding.ts';
import type { RiskyService } from './risky-service.ts';
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
    find({ port, external }) {
      if (port?.state?.state !== 'open') return [];
      const { service } = port;
      const asked = nameAsked(service);
      if (asked === undefined) return guessed(byPlace(`${port.portid}/${port.protocol ?? ''}`).found, guesses, external);
      const found = byName(asked).found ?? (asked === 'http' ? byProduct(service?.product ?? '').found : undefined);
      if (found === undefined || (service?.tunnel === 'ssl' && isCuredByTls(found))) return [];
      const name = shownService(asked, service?.tunnel);
      const shown = name.toLowerCase() === found.name.toLowerCase() ? '' : ` (${name})`;
      return [checked(found, SERVICE, `${found.name} is reachable${shown}`, { severity: external === true ? found.external : found.severity })];
    },
  };
}

/** Whether what makes a service risky is that others can read what is said. */
function isCuredByTls({ category, curedByTls = false }: RiskyService): boolean {
  return category === 'cleartext' || curedByTls;
}

/** A port number alone does not show what listens there: until version detection confirms it, the finding is low and raises no alert. */
function guessed(service: RiskyService | undefined, guesses: Guesses, external = false): readonly Finding[] {
  if (service === undefined) return [];
  const title = `${service.name} may be reachable, a guess from the number of the port`;
  const severity = external ? service.external : service.severity;
  const alerts = guesses === 'alert';
  const finding = checked(service, PORT, title, { severity: alerts ? severity : Math.min(severity, SEVERITY.low) });
  return [{ ...finding, confidence: 'guess', alerts, isSilenced: guesses === 'silence' }];
}
