import { all, type Filter, is } from '../filter.ts';
import type { AlertRule } from '../rule.ts';
import { action, AT_PORT, FINDING, KEY, WEEK } from './terms.ts';

/** Open ports that the exposure file does not allow. */
export const EXPOSURE_RULES: readonly AlertRule[] = [
  {
    id: 'exposure-unexpected',
    title: 'Unexpected open port',
    about: 'A port is open that the exposure file does not name.',
    dataset: 'nmap.change',
    where: action('exposure-unexpected'),
    over: keptTo('nmap-exposure-unexpected'),
    severity: 'high',
    key: KEY,
    shows: FINDING,
    summary: `Unexpected open port: ${AT_PORT}`,
    ...WEEK,
    mitre: [{ tactic: 'TA0003', technique: 'T1133' }],
    compliance: { pci_dss: ['1.2.5', '1.2.6'], nist_800_53: ['CM-7', 'SC-7'] },
  },
  {
    id: 'exposure-expired',
    title: 'Port open after its expiry date',
    about: 'A port is open after the last day that the exposure file allows.',
    dataset: 'nmap.change',
    where: action('exposure-expired'),
    over: keptTo('nmap-exposure-expired'),
    severity: 'low',
    key: KEY,
    shows: FINDING,
    summary: `Open after its expiry date: ${AT_PORT}`,
    ...WEEK,
    mitre: [],
    compliance: { pci_dss: ['1.2.7'], nist_800_53: ['CM-7'] },
  },
];

/** A finding of expected exposure was resolved. */
function keptTo(id: string): Filter {
  return all(action('finding-resolved'), is('rule.id', id));
}
