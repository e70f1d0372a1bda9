import { PortlogError } from '../core/errors.ts';
import type { SinkPipeline } from '../delivery/sink-pipeline.ts';

/** An outage that lasts is reported again before alerts about it end: their rules look back a day. */
const AGAIN_MS = 23 * 3_600_000;

/** `outage`: nothing is accepted. `refusal`: some events are not, until a person changes something. */
type Kind = 'outage' | 'refusal';

/** Which outages earlier runs have reported, so that not each scan of a long one reports it again. It is in the memory of the sink that is down. */
export class ReportedOutages {
  private readonly now: () => number;
  private readonly forgotten = new Set<SinkPipeline>();

  constructor(now: () => number) {
    this.now = now;
  }

  /** Whether an earlier run has reported it, less than a day ago, and the sink has not worked since. */
  has(pipeline: SinkPipeline, kind: Kind): boolean {
    if (kind === 'outage' && pipeline.health.hasWorked) return false;
    const age = this.now() - Number(memoryOf(pipeline)?.get(`${kind} reported`) ?? Number.NaN);
    return age >= 0 && age < AGAIN_MS;
  }

  note(pipeline: SinkPipeline, kind: Kind): void {
    this.forgotten.delete(pipeline);
    tolerant(() => memoryOf(pipeline)?.put(`${kind} reported`, String(this.now())));
  }

  /** Forgets the outages of sinks that have worked. */
  forgetOver(pipelines: readonly SinkPipeline[]): void {
    for (const pipeline of pipelines) {
      const { hasWorked, failure, blocked } = pipeline.health;
      if (!hasWorked || failure !== undefined || this.forgotten.has(pipeline)) continue;
      this.forgotten.add(pipeline);
      const over: readonly Kind[] = blocked === undefined ? ['outage', 'refusal'] : ['outage'];
      const memory = memoryOf(pipeline);
      for (const name of over.map((kind) => `${kind} reported`)) if (memory?.get(name) !== undefined) tolerant(() => memory.remove(name));
    }
  }
}

/** Notes something of little weight: on a full disk it is not noted. */
export function tolerant(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PortlogError)) throw error;
  }
}

type Memory = NonNullable<SinkPipeline['spoolWriter']>['tables']['memory'];

function memoryOf({ spoolWriter }: SinkPipeline): Memory | undefined {
  return spoolWriter?.tables.memory;
}
