import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { dateOfSources } from './date.ts';
import { neededPackages } from './needed.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly 'name': string;
  readonly 'version': string;
}

interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * What portlog consists of, in CycloneDX: what npm says of the packages that it needs, and Node, which is in the single program.
 * Not by `npm sbom --omit=dev`, which leaves out whatever a tool of development needs as well. Without the hour and the random number that npm puts in.
 */
export function sbom(): string {
  const whole = JSON.parse(
    execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], { encoding: 'utf8', maxBuffer: 1 << 26 }),
  ) as Bom;
  const wanted = new Set(neededPackages().map(({ name, version }) => `${name}@${version}`));
  const components = whole.components.filter(({ name, version }) => wanted.has(`${name}@${version}`));
  const root = whole.metadata.component['bom-ref'];
  const refs = new Set([root, ...components.map((component) => component['bom-ref'])]);
  const dependencies = whole.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: [...dependsOn.filter((on) => refs.has(on)), ...(ref === root ? [NODE['bom-ref']] : [])] }));
  const content = { ...whole, components: [...components, NODE], dependencies: [...dependencies, { ref: NODE['bom-ref'], dependsOn: [] }] };
  const metadata = { ...whole.metadata, timestamp: dateOfSources().toISOString(), component: { ...whole.metadata.component, name: 'portlog' } };
  const fixed = { ...content, metadata, serialNumber: '' };
  return `${JSON.stringify({ ...fixed, serialNumber: serialOf(JSON.stringify(fixed)) }, undefined, 2)}\n`;
}

const NODE = {
  'bom-ref': `node@${process.versions.node}`,
  'type': 'platform',
  'name': 'node',
  'version': process.versions.node,
  'scope': 'required',
  'description': 'Node.js, in the single program and in the packages made of it; the package of npm takes that of the machine',
  'purl': `pkg:generic/node@${process.versions.node}`,
  'cpe': `cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:*:*:*:*`,
} as const;

/** A UUID of the content (RFC 9562, version 8). */
function serialOf(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
