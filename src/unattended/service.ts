import type { Clock } from '../core/clock.ts';
import type { ShipReport } from '../pipeline/ship.ts';
import { Activity, type JobCounts } from './activity.ts';
import type { ServiceManager } from './service-manager.ts';
import { Heartbeat } from './heartbeat.ts';

export interface ServiceOptions {
  readonly jobs: JobCounts;
  readonly manager: ServiceManager;
  readonly clock: Clock;
  /** Longest time without a heartbeat of a healthy loop. */
  readonly silenceMs: number;
}

/** The state of `watch` and `run` for supervisors (systemd, /healthz, /readyz). */
export class Service {
  readonly heartbeat: Heartbeat;
  readonly activity: Activity;
  /** Epoch milliseconds. */
  readonly started: number;
  /** Result of the last reload, and time of the last successful one. */
  lastReload: { readonly isRight: boolean; readonly success: number };
  private readonly manager: ServiceManager;
  private readonly clock: Clock;

  constructor({ jobs, manager, clock, silenceMs }: ServiceOptions) {
    this.heartbeat = new Heartbeat(clock, silenceMs);
    this.activity = new Activity(jobs, clock);
    this.manager = manager;
    this.clock = clock;
    this.started = clock.now();
    this.lastReload = { isRight: true, success: this.started };
  }

  /** Reports readiness, then heartbeats, until stopped. */
  async keepNotifying(stop: AbortSignal): Promise<void> {
    await this.manager.ready();
    await this.manager.status(this.activity.text());
    const { watchdogMs } = this.manager;
    if (watchdogMs === undefined) return;
    // Twice per watchdog interval, as systemd asks for; none while the loop is stuck, so that systemd restarts it.
    while (!stop.aborted) {
      if (!this.heartbeat.isStuck) await this.manager.alive();
      await this.clock.sleep(watchdogMs / 2, stop);
    }
  }

  note(report: ShipReport): void {
    this.heartbeat.show();
    this.activity.note(report);
    this.show();
  }

  /** A reload has begun. */
  async reloading(): Promise<void> {
    await this.manager.reloading();
  }

  /** The reload ended; `isRight`: successfully. */
  async reloaded(isRight: boolean): Promise<void> {
    this.lastReload = { isRight, success: isRight ? this.clock.now() : this.lastReload.success };
    await this.manager.ready();
    this.show();
  }

  /** Updates the status line. */
  show(): void {
    void this.manager.status(this.activity.text());
  }
}
