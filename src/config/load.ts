import { packageText } from '../core/package-files.ts';
import { readText } from '../core/read-text.ts';
import { isForShell, NO_TILDE } from '../core/tilde.ts';
import { reasonOf } from '../core/reason.ts';
import { PortlogError } from '../core/errors.ts';
import { type ExposureFile, ExposurePolicy } from '../finding/exposure.ts';
import type { Config } from './config.ts';
import type { Environment } from '../core/environment.ts';
import { explain } from './explain.ts';
import { refuseContradictions } from './contradictions.ts';
import { schemaCheck } from './schema-check.ts';
import { parsed } from './yaml.ts';

/** Reads portlog.yaml or portlog.json, fills `${NAME}`, and checks it against its schema. `named` collects those names. */
export async function loadConfig(path: string, env: Environment, named: Set<string> = new Set()): Promise<Config> {
  const config = (await loadChecked(
    path,
    'the configuration',
    'config.schema.json',
    'docs/reference/configuration.md lists all settings',
    (content) => fill(content, { env, path, named }, ''),
  )) as Config;
  refuseContradictions(path, config);
  return config;
}

/** Reads the exposure file, and checks it against its schema. */
export async function loadExposure(path: string): Promise<ExposurePolicy> {
  const file = await loadChecked(path, 'the exposure file', 'exposure.schema.json', 'docs/how-to/exposure.md shows how it is written');
  return new ExposurePolicy(file as ExposureFile, path);
}

async function loadChecked(
  path: string,
  what: string,
  schema: string,
  hint: string,
  filled: (content: unknown) => unknown = (content) => content,
): Promise<unknown> {
  const content = filled((await parsed(path, textOf(path, what))) ?? {});
  refuseNul(path, content, '');
  refuseTilde(path, content, '');
  await validate(path, content, schema, hint);
  return content;
}

/** Size limit of a file, far above a thousand sinks and a hundred thousand networks. */
const MOST_BYTES = 16 << 20;

function textOf(path: string, what: string): string {
  try {
    return readText(path, MOST_BYTES);
  } catch (cause) {
    throw new PortlogError('config-unreadable', `${what} ${path} could not be read: ${reasonOf(cause)}`, {
      hint: 'check its path and its permissions',
      cause,
    });
  }
}

/** Refuses NUL characters early: no file name, program or server accepts them, and each has another error for them. */
function refuseNul(path: string, value: unknown, where: string): void {
  if (typeof value === 'string' && value.includes('\0'))
    throw new PortlogError('config-invalid', `${path}: ${where === '' ? 'the file' : where} has a NUL character in it, which is not allowed`, {
      hint: 'take it out',
    });
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    refuseNul(path, name, where === '' ? 'the file' : where);
    refuseNul(path, member, where === '' ? name : `${where}.${name}`);
  }
}

const PATH = /^(?:stateDir|intelDir|exposure|path|file|\w{1,20}File)$/;

function refuseTilde(path: string, value: unknown, where: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const whole = where === '' ? name : `${where}.${name}`;
    // The first word of a command is a path as well.
    const isPath = PATH.test(name) || (name === '0' && /command$/i.test(where));
    if (isPath && typeof member === 'string' && isForShell(member))
      throw new PortlogError('config-invalid', `${path}: ${whole} ${NO_TILDE}`, { hint: 'write the whole path, or ${HOME} instead of ~' });
    refuseTilde(path, member, whole);
  }
}

async function validate(path: string, config: unknown, name: string, hint: string): Promise<void> {
  const check = await schemaCheck(JSON.parse(packageText(`schemas/${name}`)) as object);
  if (check(config)) return;
  throw new PortlogError(
    'config-invalid',
    explain(check.errors ?? [])
      .map((sentence) => `${path}: ${sentence}`)
      .join('\n'),
    { hint },
  );
}

interface Filling {
  readonly env: Environment;
  readonly path: string;
  readonly named: Set<string>;
}

/** After parsing, so that a variable's value can never add settings. */
function fill(value: unknown, filling: Filling, where: string): unknown {
  if (typeof value === 'string') return value.replace(/\$\{(?:([A-Za-z_]\w*)\})?/g, (_, name: string | undefined) => valueOf(name, filling, where));
  if (Array.isArray(value)) return value.map((member, index) => fill(member, filling, `${where}.${index}`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fill(member, filling, where === '' ? name : `${where}.${name}`)]));
}

function valueOf(name: string | undefined, { env, path, named }: Filling, where: string): string {
  // A shell's `${NAME:-default}` is not supported, and would be sent as it is.
  if (name === undefined) throw noVariable(path, where);
  named.add(name);
  const found = env[name];
  if (found !== undefined) return found;
  throw new PortlogError('config-invalid', `${path}: ${where} needs the environment variable ${name}, which is not set`, {
    hint: `set ${name}, or write the value itself`,
  });
}

function noVariable(path: string, where: string): PortlogError {
  return new PortlogError('config-invalid', `${path}: ${where === '' ? 'the file' : where}: after \${ there is no name of a variable followed by }`, {
    hint: 'write ${NAME}, with letters, digits and underscores and no default; a text with ${ in it can come from a variable itself',
  });
}
