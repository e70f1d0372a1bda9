import { readFileSync } from 'node:fs';
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
  const read = (name: SecretName): Promise<(() => string) | undefined> => secret(name, sink, prefix, env);
  const apiKey = await read('apiKey');
  if (apiKey !== undefined) return { kind: 'api-key', secret: apiKey };
  const bearer = await read('bearer');
  if (bearer !== undefined) return { kind: 'bearer', secret: bearer };
  const user = sink.user ?? env[`${prefix}USER`];
  const password = await read('password');
  if (user === undefined && password === undefined) return { kind: 'none' };
  if (user === undefined || password === undefined)
    throw new PortlogError(
      'sink-options',
      `${sink.type}: ${user === undefined ? 'a password without a user' : `the user "${user}" has no password`}`,
      {
        hint: `set ${prefix}USER and ${prefix}PASSWORD (or ${prefix}PASSWORD_FILE)`,
      },
    );
  return { kind: 'basic', user, secret: password };
}

async function secret(name: SecretName, sink: SecretSources, prefix: string, env: Environment): Promise<(() => string) | undefined> {
  const variable = prefix + VARIABLE[name];
  const text = sink[name] ?? env[variable];
  if (text !== undefined && text !== '') return hold(text);
  const file = sink[`${name}File`] ?? env[`${variable}_FILE`];
  if (file !== undefined) return hold(fromFile(file));
  const command = sink[`${name}Command`] ?? env[`${variable}_COMMAND`]?.split(' ');
  return command === undefined ? undefined : hold(await fromCommand(command, env));
}

/** In a closure, so that no printed object shows it. */
function hold(text: string): () => string {
  return () => text;
}

function fromFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new PortlogError('secret-unavailable', `the secret in ${path} could not be read: ${reasonOf(cause)}`, {
      hint: 'check the path and its permissions',
      cause,
    });
  }
}

async function fromCommand(command: readonly string[], env: Environment): Promise<string> {
  try {
    return (await captureOutput(command, commandEnvironment(env))).trim();
  } catch (cause) {
    throw new PortlogError('secret-unavailable', `the command ${command[0] ?? ''} gave no secret: ${reasonOf(cause)}`, {
      hint: 'run it by hand, as this user, to see why',
      cause,
    });
  }
}
