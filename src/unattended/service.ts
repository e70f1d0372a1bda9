import type { Clock } from '../core/clock.ts';
import type { ShipReport } from '../pipeline/ship.ts';
import { Activity, type JobCounts } from './activity.ts';
import type { ServiceManager } from './service-manager.ts';
import { Heartbeat } from './heartbeat.ts';

export interface ServiceOptions {
  readonly duties: JobCounts;
  readonly manager: ServiceManager;
  readonly clock: Clock;
  /** So long no sign of life may come from a loop that is well. */
  readonly silenceMs: number;
}

/** How `watch` and `run` look to those who supervise them. */
export class Service {
  readonly life: Heartbeat;
  readonly activity: Activity;
  /** Epoch milliseconds. */
  readonly started: number;
  /** Whether the configuration was right when it was last read, and when it last was. */
  lastReload: { readonly isRight: boolean; readonly success: number };
  private readonly manager: ServiceManager;
  private readonly clock: Clock;

  constructor({ duties, manager, clock, silenceMs }: ServiceOptions) {
    this.life = new Heartbeat(clock, silenceMs);
    this.activity = new Activity(duties, clock);
    this.manager = manager;
    this.clock = clock;
    this.started = clock.now();
    this.lastReload = { isRight: true, success: this.started };
  }

  /** The state is open and the configuration is right: tells so, and then that it lives, until told to stop. */
  async keepTelling(stop: AbortSignal): Promise<void> {
    await this.manager.ready();
    await this.manager.status(this.activity.text());
    const { watchdogMs } = this.manager;
    if (watchdogMs === undefined) return;
    // Twice in that time, as systemd asks for. A loop that is stuck is better begun anew.
    while (!stop.aborted) {
      if (!this.life.isStuck) await this.manager.alive();
      await this.clock.sleep(watchdogMs / 2, stop);
    }
  }

  note(report: ShipReport): void {
    this.life.show();
    this.activity.note(report);
    this.show();
  }

  /** The configuration is being read anew. */
  async reloading(): Promise<void> {
    await this.manager.reloading();
  }

  /** It was; `isRight`: and it is the one that counts from now on. */
  async reloaded(isRight: boolean): Promise<void> {
    this.lastReload = { isRight, success: isRight ? this.clock.now() : this.lastReload.success };
    await this.manager.ready();
    this.show();
  }

  /** Something about what it does is another. */
  show(): void {
    void this.manager.status(this.activity.text());
  }
}
