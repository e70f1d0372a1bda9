import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFile } from '../../core/stat-of.ts';
import type { Values } from '../option.ts';

/** The options of this machine's portlog service, and the file that they are from. */
export interface ServiceState {
  readonly from: string;
  readonly values: Values;
  /** Environment for its default state directory. */
  readonly env: Readonly<Record<string, string>>;
}

const UNITS = ['portlog.service', 'portlog-once.service'];
/**
 * Administrator's units take precedence over those of packages.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Unit%20File%20Load%20Path
 */
const UNIT_FOLDERS = ['etc/systemd/system', 'run/systemd/system', 'usr/local/lib/systemd/system', 'usr/lib/systemd/system', 'lib/systemd/system'];
const CONFIGURATION = 'etc/portlog/portlog.yaml';
const XDG_STATE_HOME = '/var/lib';

/** The options from the service's unit, else from the package's configuration; undefined without either. `root`: root of the file system. */
export function serviceState(root = '/'): ServiceState | undefined {
  for (const unit of UNITS) {
    const found = UNIT_FOLDERS.map((folder) => join(root, folder, unit)).find(isFile);
    const given = found === undefined ? undefined : settingsOf(linesOf(found, unit, root));
    if (found !== undefined && given !== undefined) return { from: found, ...given };
  }
  const configuration = join(root, CONFIGURATION);
  return isFile(configuration) ? { from: configuration, values: { config: configuration }, env: { XDG_STATE_HOME } } : undefined;
}

/** Lines of the unit and its drop-ins. */
function linesOf(path: string, unit: string, root: string): readonly string[] {
  const more = UNIT_FOLDERS.toReversed().flatMap((folder) => {
    const dropIns = join(root, folder, `${unit}.d`);
    return namesIn(dropIns).flatMap((name) => (name.endsWith('.conf') ? [join(dropIns, name)] : []));
  });
  return [path, ...more].flatMap((file) => textOf(file).replaceAll('\\\n', ' ').split('\n'));
}

/** The last ExecStart counts, with its `--config` and `--state-dir`. */
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
