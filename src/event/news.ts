import type { Port } from '../nmap/model.ts';
import { digest } from './id.ts';
import { Recent } from './recent.ts';

/** What of a run was seen before, as far as {@link Recent} remembers: a statement word for word, a host, a port, a weakness. */
export class News {
  private readonly statements = new Recent();
  private readonly hosts = new Recent();
  private readonly ports = new Recent();
  private readonly findings = new Recent();

  /** `id`: of the event, or what stands for all events of a host. */
  isStatement(id: string): boolean {
    return this.statements.add(id);
  }

  has(id: string): boolean {
    return this.statements.has(id);
  }

  isFirstHost(entityId: string): boolean {
    return this.hosts.add(entityId);
  }

  /** In this state. */
  isFirstPort(entityId: string, { protocol, portid, state }: Port): boolean {
    return this.ports.add(digest([entityId, protocol, portid, state?.state]));
  }

  isFirstFinding(entityId: string): boolean {
    return this.findings.add(digest([entityId]));
  }
}
