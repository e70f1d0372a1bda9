import { readText } from '../core/read-text.ts';
import { reasonOf } from '../core/reason.ts';
import { PortlogError } from '../core/errors.ts';
import type { Credentials } from '../sink/options.ts';
import { captureOutput } from '../core/child.ts';
import type { SecretSources, SinkConfig } from './config.ts';
import { commandEnvironment, type Environment, serverVariable } from '../core/environment.ts';

type SecretName = 'apiKey' | 'password' | 'bearer';
const VARIABLE: Readonly<Record<SecretName, string>> = { apiKey: 'API_KEY', password: 'PASSWORD', bearer: 'BEARER' };

/**
 * The credentials of a sink: from its configuration, else from `PORTLOG_<SINK>_API_KEY` and the
 * like, each also with `_FILE` and `_COMMAND`. Never from an argument, which `ps` shows to everyone.
 */
export async function credentials(sink: SinkConfig, env: Environment): Promise<Credentials> {
  const prefix = serverVariable(sink.type, '');
  const name = secretOf(sink, prefix, env);
  const user = sink.user ?? named(env, `${prefix}USER`);
  if (name === undefined && user === undefined) return { kind: 'none' };
  const secret = async (of: SecretName): Promise<{ secret: () => string; from: string }> => ({
    secret: hidden(await textOf(of, sink, prefix, env)),
    from: whereSet(of, sink, prefix, env),
  });
  if (name === 'apiKey' || name === 'bearer') return { kind: name === 'apiKey' ? 'api-key' : 'bearer', ...(await secret(name)) };
  if (user !== undefined && name !== undefined) return { kind: 'basic', user, ...(await secret(name)) };
  throw new PortlogError('sink-options', `${sink.type}: ${user === undefined ? 'a password without a user' : `the user "${user}" has no password`}`, {
    hint: `set ${prefix}USER and ${prefix}PASSWORD (or ${prefix}PASSWORD_FILE)`,
  });
}

/**
 * The credentials to send: those of the configuration, else those of the environment. Throws `sink-options` when the environment has several
 * kinds.
 */
function secretOf(sink: SecretSources, prefix: string, env: Environment): SecretName | undefined {
  const own = NAMES.find((name) => FORMS.some((form) => (sink[`${name}${form}`] ?? '').length > 0));
  if (own !== undefined) return own;
  const set = NAMES.flatMap((name) =>
    variablesOf(prefix, name).flatMap((variable) => (named(env, variable) === undefined ? [] : [{ name, variable }])),
  );
  const [first, second] = set;
  if (second !== undefined)
    throw new PortlogError('sink-options', `${first?.variable ?? ''} and ${second.variable} are both set, and only one of them can be sent`, {
      hint: 'unset one of them',
    });
  return first?.name;
}

const NAMES = ['apiKey', 'bearer', 'password'] as const satisfies readonly SecretName[];
const FORMS = ['', 'File', 'Command'] as const;

function variablesOf(prefix: string, name: SecretName): readonly string[] {
  return ['', '_FILE', '_COMMAND'].map((end) => prefix + VARIABLE[name] + end);
}

/** The value of a variable; an empty one counts as not set. */
function named(env: Environment, variable: string): string | undefined {
  return env[variable] === '' ? undefined : env[variable];
}

async function textOf(name: SecretName, sink: SecretSources, prefix: string, env: Environment): Promise<string> {
  const [plain = '', file = '', command = ''] = variablesOf(prefix, name);
  const isOwn = FORMS.some((form) => (sink[`${name}${form}`] ?? '').length > 0);
  const text = isOwn ? sink[name] : named(env, plain);
  if (text !== undefined) return text;
  const path = isOwn ? sink[`${name}File`] : named(env, file);
  if (path !== undefined) return fromFile(path);
  return fromCommand((isOwn ? sink[`${name}Command`] : named(env, command)?.split(' ')) ?? [], env);
}

/** The setting or variable that has the secret. */
function whereSet(name: SecretName, sink: SinkConfig, prefix: string, env: Environment): string {
  const own = FORMS.find((form) => (sink[`${name}${form}`] ?? '').length > 0);
  if (own !== undefined) return `${name}${own} of the configuration`;
  return variablesOf(prefix, name).find((variable) => named(env, variable) !== undefined) ?? '';
}

/** In a closure, so that no printed object shows it. */
function hidden(text: string): () => string {
  return () => text;
}

/** Size limit of a secret file, the same as for the output of a command. */
const MOST_BYTES = 1 << 20;

/** Refuses an empty secret, for which the server's error would be misleading. */
function someText(text: string): string {
  const secret = text.trim();
  if (secret === '') throw new Error('it is empty');
  return secret;
}

function fromFile(path: string): string {
  try {
    return someText(readText(path, MOST_BYTES));
  } catch (cause) {
    throw new PortlogError('secret-unavailable', `the secret in ${path} could not be read: ${reasonOf(cause)}`, {
      hint: 'check the path and its permissions',
      cause,
    });
  }
}

async function fromCommand(command: readonly string[], env: Environment): Promise<string> {
  try {
    return someText(await captureOutput(command, commandEnvironment(env)));
  } catch (cause) {
    throw new PortlogError('secret-unavailable', `the command ${command[0] ?? ''} gave no secret: ${reasonOf(cause)}`, {
      hint: 'run it by hand, as this user, to see why',
      cause,
    });
  }
}
