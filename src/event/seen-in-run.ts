import type { Port } from '../nmap/model.ts';
import { digest } from './id.ts';
import { RecentSet } from './recent.ts';

/** What was seen before in a run, within the limits of {@link RecentSet}: statements, hosts, ports, findings. */
export class SeenInRun {
  private readonly statements = new RecentSet();
  private readonly hosts = new RecentSet();
  private readonly ports = new RecentSet();
  private readonly findings = new RecentSet();

  /** Whether a statement is new. `id`: of the event, or of all events of a host. */
  isStatement(id: string): boolean {
    return this.statements.add(id);
  }

  has(id: string): boolean {
    return this.statements.has(id);
  }

  isFirstHost(entityId: string): boolean {
    return this.hosts.add(entityId);
  }

  /** Whether a port is seen for the first time in this state. */
  isFirstPort(entityId: string, { protocol, portid, state }: Port): boolean {
    return this.ports.add(digest([entityId, protocol, portid, state?.state]));
  }

  isFirstFinding(entityId: string): boolean {
    return this.findings.add(digest([entityId]));
  }
}
