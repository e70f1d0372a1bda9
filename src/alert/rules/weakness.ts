import type { RuleCategory } from '../../finding/finding.ts';
import { all, any, type Filter, is } from '../filter.ts';
import type { AlertRule } from '../rule.ts';
import { action, AT_PORT, FINDING, KEY, WEEK } from './terms.ts';

const SHARING = opened('file-sharing', {
  id: 'file-sharing-exposed',
  title: 'File sharing exposed',
  about: 'Files or disks are served over the network.',
  severity: 'medium',
  summary: `File sharing: {rule.name} at ${AT_PORT}`,
  mitre: [{ tactic: 'TA0007', technique: 'T1135' }],
  compliance: { pci_dss: ['2.2.4'], nist_800_53: ['CM-7', 'AC-4'] },
});
const RISKY = opened(['messaging', 'other'], {
  id: 'risky-service',
  title: 'Risky service',
  about: 'A service can be reached that should not be reachable by everyone.',
  severity: 'medium',
  summary: `Risky service: {rule.name} at ${AT_PORT}`,
  mitre: [{ tactic: 'TA0008', technique: 'T1210' }],
  compliance: { pci_dss: ['2.2.4'], nist_800_53: ['CM-7'] },
});
/** The field is absent without a file of exposure. */
const INSIDE: Filter = { field: 'nmap.external', isNot: true };

/** What everyone can reach, which is much worse than the same inside. */
export const EXTERNAL_RULES: readonly AlertRule[] = [
  where(is('nmap.external', true), {
    ...SHARING,
    id: 'file-sharing-external',
    title: 'File sharing in an external zone',
    about: 'Anyone can try to read these files, and to encrypt them.',
    severity: 'critical',
    summary: `File sharing from outside: {rule.name} at ${AT_PORT}`,
    mitre: [{ tactic: 'TA0001', technique: 'T1133' }],
    compliance: { pci_dss: ['1.4.2', '2.2.4'], nist_800_53: ['SC-7', 'AC-4'] },
  }),
  where(is('nmap.external', true), {
    ...RISKY,
    id: 'risky-service-external',
    title: 'Risky service in an external zone',
    about: 'Anyone can reach a service that should not be reachable by everyone.',
    severity: 'high',
    summary: `Risky service from outside: {rule.name} at ${AT_PORT}`,
    mitre: [{ tactic: 'TA0001', technique: 'T1190' }],
    compliance: { pci_dss: ['1.4.2', '2.2.4'], nist_800_53: ['SC-7', 'CM-7'] },
  }),
];

/** Weaknesses of hosts and ports, by category. */
export const WEAKNESS_RULES: readonly AlertRule[] = [
  opened('cleartext', {
    id: 'cleartext-administration',
    title: 'Clear-text administration',
    about: 'Passwords can be read on the wire.',
    severity: 'high',
    summary: `Clear text: {rule.name} at ${AT_PORT}`,
    mitre: [{ tactic: 'TA0006', technique: 'T1040' }],
    compliance: { pci_dss: ['2.2.7', '8.3.2'], nist_800_53: ['SC-8', 'AC-17'] },
  }),
  {
    id: 'remote-administration-external',
    title: 'Remote administration in an external zone',
    about: 'Anyone can try to log in to this machine.',
    dataset: 'nmap.change',
    where: all(
      is('nmap.external', true),
      any(
        all(action('finding-opened'), is('rule.category', 'remote-administration')),
        all(action('port-opened', 'port-reopened'), is('network.protocol', 'ssh')),
      ),
    ),
    over: any(action('port-closed'), resolved('remote-administration')),
    severity: 'critical',
    key: KEY,
    shows: FINDING,
    summary: `Remote administration from outside at ${AT_PORT}`,
    ...WEEK,
    mitre: [
      { tactic: 'TA0001', technique: 'T1133' },
      { tactic: 'TA0006', technique: 'T1110' },
    ],
    compliance: { pci_dss: ['1.4.2', '2.2.7'], nist_800_53: ['AC-17', 'SC-7'] },
  },
  opened('database', {
    id: 'database-exposed',
    title: 'Database exposed',
    about: 'A database or cache can be reached over the network.',
    severity: 'high',
    summary: `Database: {rule.name} at ${AT_PORT}`,
    mitre: [{ tactic: 'TA0009', technique: 'T1213' }],
    compliance: { pci_dss: ['1.4.4'], nist_800_53: ['SC-7', 'AC-4'] },
  }),
  opened('management-api', {
    id: 'management-api-exposed',
    title: 'Management or orchestration API exposed',
    about: 'Whoever reaches this API can start programs on the machine.',
    severity: 'critical',
    summary: `Management API: {rule.name} at ${AT_PORT}`,
    mitre: [
      { tactic: 'TA0001', technique: 'T1190' },
      { tactic: 'TA0002', technique: 'T1610' },
    ],
    compliance: { pci_dss: ['1.4.2', '2.2.4'], nist_800_53: ['SC-7', 'CM-7'] },
  }),
  opened('industrial', {
    id: 'industrial-protocol-exposed',
    title: 'Industrial protocol exposed',
    about: 'Whoever reaches this machine can send it commands.',
    severity: 'critical',
    summary: `Industrial protocol: {rule.name} at ${AT_PORT}`,
    mitre: [{ tactic: 'TA0108', technique: 'T0883' }],
    compliance: { nist_800_53: ['SC-7', 'CM-7'] },
  }),
  where(INSIDE, SHARING),
  where(INSIDE, RISKY),
  opened('vulnerability', {
    id: 'vulnerability-found',
    title: 'Vulnerability confirmed, or known to be exploited',
    about: 'A service can be attacked: a test has shown it, or the vulnerability is known to be exploited.',
    severity: 'high',
    summary: `Vulnerable[ to {vulnerability.id}]: ${AT_PORT}`,
    mitre: [{ tactic: 'TA0001', technique: 'T1190' }],
    compliance: { pci_dss: ['6.3.3', '11.3.1'], nist_800_53: ['RA-5', 'SI-2'] },
  }),
  opened('certificate', {
    id: 'certificate-problem',
    title: 'Certificate expiring, expired or weak',
    about: 'A certificate must be renewed or replaced.',
    severity: 'medium',
    summary: `{rule.name}: ${AT_PORT}`,
    mitre: [{ tactic: 'TA0006', technique: 'T1557' }],
    compliance: { pci_dss: ['4.2.1'], nist_800_53: ['SC-17', 'SC-12'] },
  }),
  opened('encryption', {
    id: 'weak-encryption',
    title: 'Weak encryption',
    about: 'A service offers encryption that can be broken.',
    severity: 'medium',
    summary: `{rule.name} at ${AT_PORT}`,
    mitre: [{ tactic: 'TA0006', technique: 'T1557' }],
    compliance: { pci_dss: ['4.2.1'], nist_800_53: ['SC-8', 'SC-13'] },
  }),
  opened('access', {
    id: 'anonymous-access',
    title: 'Anonymous or default access',
    about: "A service lets everybody in, without a password or with the manufacturer's.",
    severity: 'high',
    summary: `{rule.name} at ${AT_PORT}`,
    mitre: [{ tactic: 'TA0001', technique: 'T1078.001' }],
    compliance: { pci_dss: ['2.2.2', '8.3.1'], nist_800_53: ['IA-2', 'AC-14'] },
  }),
];

/** New findings of a category. */
function opened(
  category: RuleCategory | readonly RuleCategory[],
  rule: Omit<AlertRule, 'dataset' | 'where' | 'key' | 'shows' | 'over' | 'windowHours' | 'throttleHours'>,
): AlertRule {
  const where = all(action('finding-opened'), is('rule.category', ...[category].flat()));
  const shows = category === 'vulnerability' ? [...FINDING, 'vulnerability.id'] : FINDING;
  return { ...rule, dataset: 'nmap.change', where, over: resolved(category), key: KEY, shows, ...WEEK };
}

/** The rule, for some places only. */
function where(filter: Filter, rule: AlertRule): AlertRule {
  return { ...rule, where: all(rule.where, filter) };
}

/** Findings of a category were resolved: looked for again without success, or the port was closed. */
function resolved(category: RuleCategory | readonly RuleCategory[]): Filter {
  return all(action('finding-resolved'), is('rule.category', ...[category].flat()));
}
