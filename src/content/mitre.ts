/** As much of MITRE's matrix for enterprises as the rules name: https://attack.mitre.org/matrices/enterprise/ */
const NAMES: Readonly<Record<string, string>> = {
  'TA0001': 'Initial Access',
  'TA0002': 'Execution',
  'TA0003': 'Persistence',
  'TA0005': 'Defense Evasion',
  'TA0006': 'Credential Access',
  'TA0007': 'Discovery',
  'TA0008': 'Lateral Movement',
  'TA0009': 'Collection',
  'TA0040': 'Impact',
  'T1040': 'Network Sniffing',
  'T1078': 'Valid Accounts',
  'T1078.001': 'Default Accounts',
  'T1110': 'Brute Force',
  'T1133': 'External Remote Services',
  'T1135': 'Network Share Discovery',
  'T1190': 'Exploit Public-Facing Application',
  'T1200': 'Hardware Additions',
  'T1210': 'Exploitation of Remote Services',
  'T1213': 'Data from Information Repositories',
  'T1489': 'Service Stop',
  'T1505': 'Server Software Component',
  'T1557': 'Adversary-in-the-Middle',
  'T1562': 'Impair Defenses',
  'T1610': 'Deploy Container',
};

/** A tactic or technique as Elastic's rules name it. */
interface Named {
  readonly id: string;
  readonly name: string;
  readonly reference: string;
}

export interface Threat {
  readonly framework: 'MITRE ATT&CK';
  readonly tactic: Named;
  readonly technique: readonly (Named & { readonly subtechnique?: readonly Named[] })[];
}

/** The tactics and techniques of a rule, only of the enterprise matrix: Elastic does not know others, such as that for industrial control systems. */
export function threatsOf(mitre: readonly { readonly tactic: string; readonly technique: string }[]): readonly Threat[] {
  return mitre
    .filter(({ tactic }) => tactic in NAMES)
    .map(({ tactic, technique }) => ({ framework: 'MITRE ATT&CK', tactic: named(tactic), technique: [techniqueOf(technique)] }));
}

function techniqueOf(id: string): Threat['technique'][number] {
  const [whole = id, part] = id.split('.');
  return part === undefined ? named(whole) : { ...named(whole), subtechnique: [named(id)] };
}

function named(id: string): Named {
  const name = NAMES[id];
  if (name === undefined) throw new Error(`the matrix has no ${id}`);
  const kind = id.startsWith('TA') ? 'tactics' : 'techniques';
  return { id, name, reference: `https://attack.mitre.org/${kind}/${id.replace('.', '/')}/` };
}
