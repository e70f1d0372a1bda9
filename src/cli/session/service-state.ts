import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Values } from '../option.ts';

/** What the service of this machine is told, as options of a command, and where that is written. */
export interface ServiceState {
  readonly from: string;
  readonly values: Values;
  /** Where it keeps its state when neither says so. */
  readonly env: Readonly<Record<string, string>>;
}

const UNITS = ['portlog.service', 'portlog-once.service'];
/** Those of an administrator come before those of a package. https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Unit%20File%20Load%20Path */
const UNIT_FOLDERS = ['etc/systemd/system', 'run/systemd/system', 'usr/local/lib/systemd/system', 'usr/lib/systemd/system', 'lib/systemd/system'];
const CONFIGURATION = 'etc/portlog/portlog.yaml';
const XDG_STATE_HOME = '/var/lib';

/** By its unit, else by the configuration of the package; undefined when there is neither. `root`: of the file system. */
export function serviceState(root = '/'): ServiceState | undefined {
  for (const unit of UNITS) {
    const found = UNIT_FOLDERS.map((folder) => join(root, folder, unit)).find(isFile);
    const told = found === undefined ? undefined : settingsOf(linesOf(found, unit, root));
    if (found !== undefined && told !== undefined) return { from: found, ...told };
  }
  const configuration = join(root, CONFIGURATION);
  return isFile(configuration) ? { from: configuration, values: { config: configuration }, env: { XDG_STATE_HOME } } : undefined;
}

/** Of the unit, and of what lies beside it to change it. */
function linesOf(path: string, unit: string, root: string): readonly string[] {
  const more = UNIT_FOLDERS.toReversed().flatMap((folder) => {
    const dropIns = join(root, folder, `${unit}.d`);
    return namesIn(dropIns).flatMap((name) => (name.endsWith('.conf') ? [join(dropIns, name)] : []));
  });
  return [path, ...more].flatMap((file) => textOf(file).replaceAll('\\\n', ' ').split('\n'));
}

/** Of two commands the last one counts, and of the options `--config` and `--state-dir` the value, however it is written. */
function settingsOf(lines: readonly string[]): Pick<ServiceState, 'values' | 'env'> | undefined {
  const settings = lines.flatMap((line) => {
    const [, name, value] = /^\s*(ExecStart|Environment)\s*=\s*(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
  const command = settings.findLast(({ name, value }) => name === 'ExecStart' && value !== '')?.value ?? '';
  const environment = settings.flatMap(({ name, value }) => (name === 'Environment' ? [value] : [])).join(' ');
  const config = /--config[ =]"?([^\s"]+)/.exec(command)?.[1] ?? /PORTLOG_CONFIG=([^\s"]+)/.exec(environment)?.[1];
  const stateDir = /--state-dir[ =]"?([^\s"]+)/.exec(command)?.[1] ?? /PORTLOG_STATE_DIR=([^\s"]+)/.exec(environment)?.[1];
  if (config === undefined && stateDir === undefined) return undefined;
  const home = /XDG_STATE_HOME=([^\s"]+)/.exec(environment)?.[1] ?? XDG_STATE_HOME;
  return {
    values: { ...(config === undefined ? {} : { config }), ...(stateDir === undefined ? {} : { 'state-dir': stateDir }) },
    env: { XDG_STATE_HOME: home },
  };
}

/** Also false where we may not look: then it is not ours to speak of. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
