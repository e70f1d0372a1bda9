import { PortlogError } from '../core/errors.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Default address: metrics reveal sites and their state, so they stay on this machine. */
const LOOPBACK = '127.0.0.1';

/** `9464`, `0.0.0.0:9464`, `[::1]:9464`, `name:9464`. Port 0: any free one. Throws `usage`. */
export function listenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([0-9a-f:.]+)\]|([^:[\]]*)):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535)
    throw new PortlogError('usage', `--metrics-listen ${text}: there is no such address`, {
      hint: 'write a port, for this machine alone (9464), or an address and a port (0.0.0.0:9464, [::1]:9464)',
    });
  return { host: bracketed ?? (plain === undefined || plain === '' ? LOOPBACK : plain), port };
}
