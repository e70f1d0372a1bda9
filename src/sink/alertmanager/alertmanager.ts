import type { AlertmanagerOptions } from './options.ts';
import { systemClock } from '../../core/clock.ts';
import { ALERTING } from '../../event/event.ts';
import { isAlertMeant, accepting } from '../only.ts';
import { addressOf, targetsOf, urlOf } from '../address.ts';
import { shownAddress } from '../shown.ts';
import type { Sink } from '../sink.ts';
import { encoded } from '../transport/body.ts';
import { httpClient } from '../transport/http.ts';
import { ActiveAlerts } from './active-alerts.ts';
import { Members } from './members.ts';
import { type AlertTexts, isAboutAlerts, statementOf } from './statement.ts';

/** Its default address. */
export const ALERTMANAGER_URL = 'http://127.0.0.1:9093';
/** In order, because the end of an alert must come after its start. */
const LIMITS = { maxEvents: 200, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 1 };
/** Longer than a week between two scans: eight days. */
const DEFAULT_LIFETIME_MS = 8 * 86_400_000;

/**
 * Prometheus' Alertmanager, API v2: the rules of the catalogue, evaluated on the events of the run. Active alerts are kept in
 * the state file (docs/decisions/0051-alertmanager.md), sent again every two minutes, and end with an event.
 * https://prometheus.io/docs/alerting/latest/clients/
 */
export function alertmanagerSink(given: AlertmanagerOptions): Sink {
  // Alertmanager accepts no compressed requests.
  const options: AlertmanagerOptions = { ...given, compression: 'none' };
  const urls = targetsOf(options).map((target) => urlOf({ type: options.type, target }, ALERTMANAGER_URL));
  const [first = new URL(ALERTMANAGER_URL), ...others] = urls;
  const members = new Members(urls.map((url) => httpClient(options, url)));
  const { lifetimeMs = DEFAULT_LIFETIME_MS, runbooks, hostDashboard, watchedSites = [], clock = systemClock } = options;
  const words: AlertTexts = { isMeant: (rule, document, severity) => isAlertMeant(options.only, document, severity, rule), runbooks, hostDashboard };
  const alerts = new ActiveAlerts({ members, words, clock, lifetimeMs, watchedSites, maxAlerts: LIMITS.maxEvents });

  return {
    name: `alertmanager ${shownAddress(first)}${others.length === 0 ? '' : ` and ${others.length} more`}`,
    // A cluster is identified by its first member, without `only`, so that active alerts survive a change of that.
    identity: { type: 'alertmanager', target: addressOf(first), scope: '' },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting({ datasets: options.datasets?.filter((dataset) => (ALERTING as readonly string[]).includes(dataset)) ?? ALERTING }),
    wants: (event) => isAboutAlerts(event, words),
    encode: (event) => encoded([JSON.stringify(statementOf(event, words))]),
    check: (signal) => members.check(signal),
    send: (batch, signal) => alerts.send(batch, signal),
    close: () => members.close(),
    renewal: {
      remember: (memory) => alerts.remember(memory),
      due: () => alerts.due,
      renew: (signal) => alerts.renew(signal),
    },
  };
}
