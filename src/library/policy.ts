import { loadExposure as loadFile } from '../config/load.ts';
import { PortlogError } from '../core/errors.ts';
import { boolean, listOf, oneOf, optional, record, type Shape, text } from '../core/shape.ts';
import type { EventOptions } from '../event/context.ts';
import { type ExposureFile, ExposurePolicy } from '../finding/exposure.ts';
import { Intel } from '../finding/intel.ts';
import { AddressSet } from '../nmap/address-set.ts';
import { expectKind, expectOptions, type Kind } from './given.ts';
import { POLICY, TEXT, TEXTS } from './kinds.ts';

/**
 * Addresses for `EventOptions.macNetworks`: words as nmap takes them for targets (`192.0.2.0/24`, `10.0.0-5.1`, `2001:db8::/64`).
 * Throws `config-invalid` for a word that is none.
 */
export function addressSet(words: readonly string[]): AddressSet {
  expectKind('addressSet: words', words, TEXTS);
  const set = AddressSet.of(words);
  if (set instanceof AddressSet) return set;
  throw new PortlogError('config-invalid', `"${set}" is not an address or network`, { hint: 'write it like 192.0.2.0/24' });
}

const isNetwork = record({
  network: text,
  zone: text,
  criticality: oneOf(undefined, 'low', 'medium', 'high', 'critical'),
  owner: optional(text),
  external: optional(boolean),
});
/** Without a protocol it would be about no port at all. */
const isPorts: Shape = (value): value is string => text(value) && /^[\d,-]+\/(?:tcp|udp|sctp)$/.test(value);
const isExpected = record({ hosts: listOf(text), ports: listOf(isPorts), reason: text, owner: optional(text), expires: optional(text) });

const OF_POLICY: Readonly<Record<keyof ExposureFile, Kind>> = {
  networks: { is: listOf(isNetwork), words: 'a list of networks: { network: "192.0.2.0/24", zone: "lan" }' },
  expected: {
    is: (value) => value === 'none' || listOf(isExpected)(value),
    words: '"none", or a list of what is expected to be open: { hosts: ["192.0.2.1"], ports: ["443/tcp"], reason: "web" }',
  },
};

/**
 * What is expected to be open, for `FindingOptions.exposure`, in the form of schemas/exposure.schema.json; `loadExposure` reads it from a file.
 * Throws `config-invalid` for what is no address or day, `usage` for what has another form. {@link exposureOptions} adds its networks to events.
 */
export function exposurePolicy(file: ExposureFile): ExposurePolicy {
  expectOptions('exposurePolicy', file, OF_POLICY);
  return new ExposurePolicy(file, 'the policy');
}

/** The same, from a file in YAML or JSON. Rejects with `config-unreadable` or `config-invalid`. */
export async function loadExposure(path: string): Promise<ExposurePolicy> {
  expectKind('loadExposure: path', path, TEXT);
  return loadFile(path);
}

/** What a policy says of networks and ports, for `toEvents` and `ShipOptions.event`: `nmap.zone`, `nmap.owner`, `nmap.expected` and the like. */
export function exposureOptions(policy: ExposurePolicy): Pick<EventOptions, 'networkOf' | 'expects'> {
  expectKind('exposureOptions: policy', policy, POLICY);
  return {
    networkOf: (ips) => policy.networkOf(ips),
    expects: (ips, port, protocol, time) => policy.expects(ips, port, protocol, time),
  };
}

/**
 * Snapshots of CISA's KEV and FIRST's EPSS in a directory, for `FindingOptions.intel`; docs/how-to/intel.md says where they come from.
 * Throws `config-invalid` when neither is there.
 */
export function vulnerabilityIntel(directory: string): Intel {
  expectKind('vulnerabilityIntel: directory', directory, TEXT);
  return new Intel(directory);
}
