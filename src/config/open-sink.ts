import type { ValidateFunction } from 'ajv';
import { PortlogError } from '../core/errors.ts';
import type { OptionsOf, SinkType } from '../sink/kinds.ts';
import type { HttpServerOptions } from '../sink/options.ts';
import { createSink } from '../sink/registry.ts';
import type { Sink } from '../sink/sink.ts';
import { explain } from './explain.ts';
import { schemaCheck } from './schema-check.ts';
import { optionsSchema, wrongOption } from './sink-options.ts';

const DEFAULTS: Omit<HttpServerOptions, 'type' | 'target'> = {
  namespace: 'default',
  credentials: { kind: 'none' },
  caFile: undefined,
  compression: 'gzip',
  timeoutMs: 60_000,
  datasets: undefined,
};

/**
 * A sink for a program: `type` and `target` as in `--to TYPE=TARGET`, and whatever else differs from the command's
 * defaults. Throws `sink-unknown`, or `sink-options` for what the configuration file would not take either; connects to nothing yet.
 */
export async function openSink<T extends Exclude<SinkType, 'stdout'>>(type: T, target: string, options: Partial<OptionsOf<T>> = {}): Promise<Sink> {
  const kind: string = typeof type === 'string' ? type : '';
  if (!isRecord(options)) throw refused(kind, 'its options must be an object');
  // Undefined options count as absent.
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  await checkOptions(kind, target, given);
  return createSink({ ...DEFAULTS, ...given, type: kind, target } as OptionsOf<T>);
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const CHECKS = new Map<string, ValidateFunction>();

async function checkOptions(type: string, target: unknown, given: Readonly<Record<string, unknown>>): Promise<void> {
  if (typeof target !== 'string') throw refused(type, 'its target must be a string');
  const schema = optionsSchema(type);
  // Unknown types are refused where sinks are created.
  if (schema === undefined) return;
  const check = CHECKS.get(type) ?? (await schemaCheck(schema));
  CHECKS.set(type, check);
  const wrong = check(given) ? wrongOption(given) : explain(check.errors ?? [])[0];
  if (wrong !== undefined) throw refused(type, wrong);
}

function refused(type: string, wrong: string): PortlogError {
  return new PortlogError('sink-options', `the sink "${type}" cannot be opened: ${wrong}`, {
    hint: 'docs/reference/configuration.md says what each kind takes',
  });
}
