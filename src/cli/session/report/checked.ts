/** An open port, with its violation, if any. */
export interface CheckedPort {
  readonly host: string;
  readonly port: string;
  readonly service: string;
  readonly zone: string | undefined;
  readonly owner: string | undefined;
  readonly violation: Violation | undefined;
}

interface Violation {
  readonly kind: 'unexpected' | 'expired';
  readonly level: string;
  readonly what: string;
}

/** The result of a check. */
export interface Checked {
  /** The name of the scan. */
  readonly scan: string;
  readonly ports: readonly CheckedPort[];
  /** Scanned hosts without open ports. */
  readonly closed: readonly { readonly host: string; readonly zone: string | undefined }[];
  /** Sentences about what was not scanned. */
  readonly gaps: readonly string[];
}

/** The ports that are not as they are meant to be. */
export function violations({ ports }: Pick<Checked, 'ports'>): readonly (CheckedPort & { readonly violation: Violation })[] {
  return ports.flatMap(({ violation, ...port }) => (violation === undefined ? [] : [{ ...port, violation }]));
}

/** `192.0.2.7 443/tcp https` */
export function portWords({ host, port, service }: Pick<CheckedPort, 'host' | 'port' | 'service'>): string {
  return [host, port, service].filter((word) => word !== '').join(' ');
}
