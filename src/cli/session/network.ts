import { PortlogError } from '../../core/errors.ts';
import { AddressSet } from '../../nmap/address-set.ts';

/** The addresses of `--network`; undefined: everything. */
export function networkOf(given: readonly string[] | undefined): AddressSet | undefined {
  if (given === undefined) return undefined;
  const network = AddressSet.of(given);
  if (typeof network === 'string')
    throw new PortlogError('usage', `--network "${network}" is not an address or network`, { hint: 'write it like 192.0.2.0/24' });
  return network;
}
