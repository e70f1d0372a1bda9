import { PortlogError } from '../core/errors.ts';
import { withoutUser } from '../sink/shown.ts';
import type { SinkConfig } from './config.ts';
import { originOf, urlsOf } from './connection.ts';

/** The sink for `--to`: `elasticsearch=https://…`, or the type or name of a sink in the configuration. */
export function sinkNamedBy(text: string, configured: readonly SinkConfig[]): SinkConfig {
  const at = text.indexOf('=');
  const named = configured.find(({ name }) => name === text);
  const type = named?.type ?? (at === -1 ? text : text.slice(0, at));
  const url = text.slice(at + 1);
  // Otherwise an added argument or variable would be enough to start programs.
  if (type === 'exec')
    throw new PortlogError('sink-options', 'the sink "exec" runs a program, so it is named in the configuration file only', {
      hint: 'write it under sinks, and leave --to out: then all sinks of the file count',
    });
  if (named !== undefined) return named;
  const ofType = configured.filter((sink) => sink.type === type);
  if (at === -1) {
    refuseSeveralOf(type, ofType);
    return ofType[0] ?? { type };
  }
  if (type === 'stdout')
    throw new PortlogError('sink-options', 'the sink "stdout" has no path or URL', { hint: `to a file: --to file=${withoutUser(url)}` });
  const there = ofType.filter((sink) => urlsOf(sink).some((one) => originOf(one) === originOf(url.split(',')[0] ?? url)));
  refuseSeveral(text, there);
  const { name: _, ...elsewhere } = ofType[0] ?? { type };
  return { ...(there[0] ?? elsewhere), url };
}

/** Refuses an address that several sinks have, because each has its own headers or credentials. */
function refuseSeveral(text: string, sinks: readonly SinkConfig[]): void {
  const [one, other] = sinks.flatMap(({ name }) => name ?? []);
  if (one === undefined || other === undefined) return;
  throw new PortlogError('usage', `--to ${withoutUser(text)}: several sinks of the configuration file have this address`, {
    hint: `choose one by its name: --to ${one}, --to ${other}`,
  });
}

/** Refuses a type that several sinks have: one of them would get all, and the others nothing. */
function refuseSeveralOf(type: string, sinks: readonly SinkConfig[]): void {
  if (sinks.length < 2 || type === 'stdout') return;
  const names = sinks.flatMap(({ name }) => name ?? []);
  const one = names.length === 0 ? `by its address: --to ${type}=…` : `by its name: ${names.map((name) => `--to ${name}`).join(', ')}`;
  throw new PortlogError('usage', `--to ${type}: ${sinks.length} sinks of the configuration file are of this type`, {
    hint: `choose one ${one}; or leave --to out: then all sinks of the file count`,
  });
}
