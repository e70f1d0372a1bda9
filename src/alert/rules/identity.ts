import type { AlertRule } from '../rule.ts';
import { action, AT_PORT, DAY, KEY, PORT } from './terms.ts';

/** Servers that identify themselves by another key or certificate than before. */
export const IDENTITY_RULES: readonly AlertRule[] = [
  {
    id: 'host-key-changed',
    title: 'SSH host key changed',
    about: 'An SSH server shows another host key than before: another machine, a reinstalled one, or a man in the middle.',
    dataset: 'nmap.change',
    where: action('host-key-changed'),
    severity: 'medium',
    key: KEY,
    shows: PORT,
    summary: `Another SSH host key at ${AT_PORT}`,
    ...DAY,
    mitre: [{ tactic: 'TA0006', technique: 'T1557' }],
    compliance: { nist_800_53: ['CM-3', 'IA-3'] },
  },
  {
    id: 'certificate-changed',
    title: 'Certificate changed',
    about: 'A service shows another certificate than before: usually a renewal, sometimes another server or a man in the middle.',
    dataset: 'nmap.change',
    where: action('certificate-changed'),
    severity: 'low',
    key: KEY,
    shows: PORT,
    summary: `Another certificate at ${AT_PORT}`,
    ...DAY,
    mitre: [{ tactic: 'TA0006', technique: 'T1557' }],
    compliance: { nist_800_53: ['CM-3', 'SC-17'] },
  },
];
