import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { allCommands } from '../../src/cli/commands.ts';
import { completion, SHELLS } from '../../src/cli/completion/completion.ts';
import { manualPages } from '../manual/pages.ts';
import { dateOfSources } from './date.ts';
import { licences } from './licences.ts';
import { nfpm } from './nfpm.ts';

export type Packager = 'deb' | 'rpm';
export type Architecture = 'x64' | 'arm64';

export interface PackageOptions {
  readonly packager: Packager;
  readonly architecture: Architecture;
  readonly version: string;
  /** The single program for that architecture. */
  readonly program: string;
  /** The folder to which the package goes. */
  readonly out: string;
}

/** nfpm's names of architectures; it translates them for Red Hat. */
const GO_NAMES = { x64: 'amd64', arm64: 'arm64' } as const;
/** The number of the package for this version of portlog. */
const RELEASE = '1';
/** Whoever publishes packages puts their own name in. */
const MAINTAINER = process.env['PORTLOG_MAINTAINER'] ?? 'The portlog authors <root@localhost>';

/** Makes a package by packaging/nfpm.yaml; returns its path. From the same sources it is the same to the byte. */
export async function makePackage({ packager, architecture, version, program, out }: PackageOptions): Promise<string> {
  const stage = mkdtempSync(join(tmpdir(), 'portlog-package-'));
  const date = dateOfSources();
  await fill(stage, version, date);
  const values: Readonly<Record<string, string>> = {
    ARCH: GO_NAMES[architecture],
    VERSION: version,
    RELEASE,
    MAINTAINER,
    MTIME: date.toISOString(),
    PROGRAM: program,
    STAGE: stage,
  };
  const config = join(stage, 'nfpm.yaml');
  writeFileSync(
    config,
    readFileSync('packaging/nfpm.yaml', 'utf8').replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole),
  );
  const said = execFileSync(nfpm(), ['package', '--config', config, '--packager', packager, '--target', out], { encoding: 'utf8' });
  rmSync(stage, { recursive: true });
  const path = /^created package: (.+)$/m.exec(said)?.[1];
  if (path === undefined) throw new Error(`nfpm does not say what it has made: ${said}`);
  return path;
}

/** What is in a package and made for it. */
async function fill(stage: string, version: string, date: Date): Promise<void> {
  for (const folder of ['man', 'completion']) mkdirSync(join(stage, folder));
  const commands = await allCommands();
  for (const [name, text] of manualPages(commands, { version, date: date.toISOString().slice(0, 10) }))
    writeFileSync(join(stage, 'man', `${name}.gz`), compressed(text));
  for (const shell of SHELLS) writeFileSync(join(stage, 'completion', `portlog.${shell}`), completion(shell, commands));
  writeFileSync(join(stage, 'changelog.gz'), compressed(readFileSync('CHANGELOG.md', 'utf8')));
  writeFileSync(join(stage, 'changelog.Debian.gz'), compressed(debianChangelog(version, date)));
  writeFileSync(join(stage, 'copyright'), copyright());
}

/** gzip without a time and a name in its header. */
function compressed(text: string): Buffer {
  return gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
}

/** https://www.debian.org/doc/debian-policy/ch-source.html#debian-changelog-debian-changelog */
function debianChangelog(version: string, date: Date): string {
  return `portlog (${version}-${RELEASE}) stable; urgency=medium

  * Version ${version}; what is new in it: changelog.gz.

 -- ${MAINTAINER}  ${date.toUTCString().replace('GMT', '+0000')}
`;
}

function copyright(): string {
  return `portlog: nmap scans as SIEM events

Copyright: the authors of portlog

License: Apache-2.0. On Debian its text is in /usr/share/common-licenses/Apache-2.0.

The program /usr/bin/portlog is Node.js with portlog and the libraries that it uses within. Their licences follow.

${licences()}`;
}
