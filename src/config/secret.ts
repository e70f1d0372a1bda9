import { readText } from '../core/read-text.ts';
import { reasonOf } from '../core/reason.ts';
import { PortlogError } from '../core/errors.ts';
import type { Credentials } from '../sink/options.ts';
import { captureOutput } from '../core/child.ts';
import type { SecretSources, SinkConfig } from './config.ts';
import { FORMS, type SecretForm, type SecretName, SECRETS } from './secret-settings.ts';
import { commandEnvironment, type Environment, serverVariable } from '../core/environment.ts';

const VARIABLE: Readonly<Record<SecretName, string>> = { apiKey: 'API_KEY', password: 'PASSWORD', bearer: 'BEARER' };
const END: Readonly<Record<SecretForm, string>> = { '': '', 'File': '_FILE', 'Command': '_COMMAND' };

/** A secret as it was given. */
interface Given {
  readonly name: SecretName;
  readonly form: SecretForm;
  /** The text, the path, or the command. */
  readonly value: string | readonly string[];
  /** The setting or variable that has it. */
  readonly from: string;
}

/**
 * The credentials of a sink: from its configuration, else from `PORTLOG_<SINK>_API_KEY` and the
 * like, each also with `_FILE` and `_COMMAND`. Never from an argument, which `ps` shows to everyone.
 */
export async function credentials(sink: SinkConfig, env: Environment): Promise<Credentials> {
  const prefix = serverVariable(sink.type, '');
  const given = inConfiguration(sink) ?? inEnvironment(prefix, env);
  const user = sink.user ?? valueOf(env, `${prefix}USER`);
  if (given === undefined && user === undefined) return { kind: 'none' };
  if (given !== undefined && given.name !== 'password')
    return { kind: given.name === 'apiKey' ? 'api-key' : 'bearer', ...(await secretOf(given, env)) };
  if (given !== undefined && user !== undefined) return { kind: 'basic', user, ...(await secretOf(given, env)) };
  throw new PortlogError('sink-options', `${sink.type}: ${user === undefined ? 'a password without a user' : `the user "${user}" has no password`}`, {
    hint: `set ${prefix}USER and ${prefix}PASSWORD (or ${prefix}PASSWORD_FILE)`,
  });
}

function inConfiguration(sink: SecretSources): Given | undefined {
  const all = SECRETS.flatMap((name) =>
    FORMS.map((form) => ({ name, form, value: sink[`${name}${form}`] ?? '', from: `${name}${form} of the configuration` })),
  );
  return all.find(({ value }) => value.length > 0);
}

/** Throws `sink-options` when several variables are set. */
function inEnvironment(prefix: string, env: Environment): Given | undefined {
  const all = SECRETS.flatMap((name) =>
    FORMS.flatMap((form) => {
      const from = prefix + VARIABLE[name] + END[form];
      const value = valueOf(env, from);
      return value === undefined ? [] : [{ name, form, value: form === 'Command' ? value.split(' ') : value, from }];
    }),
  );
  const [first, second] = all;
  if (first === undefined || second === undefined) return first;
  throw new PortlogError('sink-options', `${first.from} and ${second.from} are both set, and only one of them can be sent`, {
    hint: 'unset one of them',
  });
}

/** The value of a variable; an empty one counts as not set. */
function valueOf(env: Environment, variable: string): string | undefined {
  return env[variable] === '' ? undefined : env[variable];
}

async function secretOf({ form, value, from }: Given, env: Environment): Promise<{ readonly secret: () => string; readonly from: string }> {
  if (typeof value !== 'string') return { secret: hidden(await fromCommand(value, env)), from };
  return { secret: hidden(form === 'File' ? fromFile(value) : value), from };
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
