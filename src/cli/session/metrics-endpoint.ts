import { systemClock } from '../../core/clock.ts';
import { openDatabase } from '../../state/store.ts';
import { Readiness } from '../../unattended/readiness.ts';
import type { MeasuredState } from '../../metrics/measurements.ts';
import type { Service } from '../../unattended/service.ts';
import type { CommandContext } from './context.ts';
import type { Jobs } from './jobs.ts';
import { serviceSeries, subjectOf } from './metrics.ts';
import type { Unattended } from './unattended.ts';

export interface EndpointContext {
  readonly context: CommandContext;
  readonly unattended: Unattended;
  readonly service: Service;
  /** The current jobs. */
  readonly jobs: () => Jobs;
}

export interface OpenEndpoint {
  /** The sinks may have changed. */
  sinksChanged(): Promise<void>;
  close(): void;
}

/** Serves metrics and health if configured; undefined otherwise. Throws `usage` when the address cannot be used. */
export async function openEndpoint({ context, unattended, service, jobs }: EndpointContext): Promise<OpenEndpoint | undefined> {
  const { listen } = unattended.settings.metrics;
  if (listen === undefined) return undefined;
  const [{ listenAddress }, { Endpoint }, { Measurements }] = await Promise.all([
    import('../../metrics/listen-address.ts'),
    import('../../metrics/endpoint.ts'),
    import('../../metrics/measurements.ts'),
  ]);
  let sinks = await unattended.sinks();
  const readiness = new Readiness({ heartbeat: service.heartbeat, ask: () => unattended.askSinks(), clock: systemClock });
  const database = openDatabase(unattended.settings.stateDir);
  const subject = (): MeasuredState => subjectOf({ settings: unattended.settings, ...jobs(), sinks }, serviceSeries(service));
  const measurements = new Measurements(database, subject, systemClock);
  try {
    const endpoint = await Endpoint.open(listenAddress(listen), {
      metrics: () => measurements.text(),
      health: () => service.heartbeat.health(),
      readiness: () => readiness.look(),
    });
    context.log.info(`metrics on ${endpoint.url}`);
    return {
      async sinksChanged() {
        readiness.forget();
        sinks = await unattended.sinks();
      },
      close() {
        endpoint.close();
        measurements.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
