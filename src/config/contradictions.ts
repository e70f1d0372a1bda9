import { resolve } from 'node:path';
import { PortlogError } from '../core/errors.ts';
import type { Config, SinkConfig } from './config.ts';
import { SECRETS, settingsFor } from './secret-settings.ts';

type Setting = keyof SinkConfig;

/** Lists of settings, of each of which at most one may be used. */
const ONE_OF: readonly { readonly settings: readonly Setting[]; readonly why: string; readonly hint: string }[] = [
  { settings: ['url', 'urls'], why: 'mean the same setting, and only one of them may be set', hint: 'write all members under urls' },
  { settings: ['url', 'path'], why: 'name two destinations, and only one of them may be set', hint: 'make two sinks of it, or remove one' },
  ...SECRETS.map((name) => ({
    settings: settingsFor(name),
    why: 'mean the same setting, and only one of them may be set',
    hint: 'keep one of them',
  })),
];

/** Kinds of credentials: one of them can be sent. */
const PROOFS: readonly (readonly Setting[])[] = [settingsFor('apiKey'), settingsFor('bearer'), ['user', ...settingsFor('password')]];

/** Throws `config-invalid` for settings that exclude each other, because ignoring either of them would be a surprise. */
export function refuseContradictions(path: string, { sinks = [], directories = [] }: Config): void {
  for (const [index, sink] of sinks.entries()) {
    const found = contradictionIn(sink);
    if (found !== undefined) throw refused(`${path}: sinks.${index}: ${found.what}`, found.hint);
  }
  const twice = directories.findIndex((one, index) => directories.findIndex((other) => resolve(other.path) === resolve(one.path)) < index);
  if (twice !== -1)
    throw refused(`${path}: directories.${twice}: ${directories[twice]?.path ?? ''} is there twice`, 'list it once, with its settings');
}

function contradictionIn(sink: SinkConfig): { readonly what: string; readonly hint: string } | undefined {
  for (const { settings, why, hint } of ONE_OF) {
    const [first, second] = given(sink, settings);
    if (second !== undefined) return { what: `${first} and ${second} ${why}`, hint };
  }
  const [one, other] = PROOFS.flatMap((settings) => given(sink, settings).slice(0, 1));
  if (other !== undefined) return { what: `${one} and ${other} are two kinds of credentials, and only one of them can be sent`, hint: 'keep one' };
  if (sink.rotateMib === 0 && sink.keepFiles !== undefined)
    return { what: 'with rotateMib: 0 the file is never rotated, so keepFiles has no effect', hint: 'remove one of them' };
  return undefined;
}

function given(sink: SinkConfig, settings: readonly Setting[]): readonly Setting[] {
  return settings.filter((name) => sink[name] !== undefined);
}

function refused(message: string, hint: string): PortlogError {
  return new PortlogError('config-invalid', message, { hint });
}
