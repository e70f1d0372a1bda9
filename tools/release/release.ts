import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { licences } from './licences.ts';
import { type Architecture, makePackage, type Packager } from './packages.ts';
import { sbom } from './sbom.ts';

/* Everything that is published, into one folder; from the same sources the same to the byte. CONTRIBUTING.md says how a release is made. */

const OUT = 'release';
const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64'];
const PACKAGERS: readonly Packager[] = ['deb', 'rpm'];
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };

// Makes the folder anew.
execFileSync(process.execPath, ['tools/binary/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
execFileSync('npm', ['pack', '--silent', '--pack-destination', OUT], { stdio: ['ignore', 'ignore', 'inherit'] });
for (const architecture of ARCHITECTURES)
  for (const packager of PACKAGERS)
    await makePackage({ packager, architecture, version, program: join(OUT, `portlog-linux-${architecture}`), out: OUT });
writeFileSync(join(OUT, `portlog-${version}.cdx.json`), sbom());
writeFileSync(join(OUT, 'THIRD-PARTY-LICENSES.txt'), licences());

const names = readdirSync(OUT).toSorted();
const sums = names.map(
  (name) =>
    `${createHash('sha256')
      .update(readFileSync(join(OUT, name)))
      .digest('hex')}  ${name}\n`,
);
writeFileSync(join(OUT, 'SHA256SUMS'), sums.join(''));
for (const name of names) console.log(`${(statSync(join(OUT, name)).size / 2 ** 20).toFixed(1).padStart(6)} MiB  ${join(OUT, name)}`);
