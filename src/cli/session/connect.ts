import type { SinkConfig } from '../../config/config.ts';
import { originOf, serverOptions } from '../../config/connection.ts';
import type { ContentOptions } from '../../content/options.ts';
import { serverVariable } from '../../core/environment.ts';
import type { Connection, Target } from '../../setup/targets.ts';
import { urlOf } from '../../sink/address.ts';
import type { HttpServerOptions } from '../../sink/options.ts';
import { httpClient } from '../../sink/transport/http.ts';
import { type CommandContext, text } from './context.ts';

/**
 * Connects to a server for set-up: URL from `--url`, else the environment, else the configuration. Credentials are bound to
 * the origins named in environment and configuration, if any.
 */
export async function connectTo(context: CommandContext, type: string, target: Target, content: ContentOptions): Promise<Connection> {
  const { values, env } = context;
  const { named, sinks } = await places(context, type);
  const url = text(values, 'url') ?? named[0] ?? target.url;
  const there = sinks.find((sink) => sink.url !== undefined && originOf(sink.url) === originOf(url));
  const given = {
    caFile: text(values, 'ca-file'),
    compression: 'none',
    ...(named.length === 0 ? {} : { origins: new Map([[type, named.map(originOf)]]) }),
  } as const;
  const own = await serverOptions({ ...connectionOf(there), type, url }, given, 'default', env);
  // Shipping credentials rarely have the rights for set-up; they are the fallback.
  const isWithout = own.credentials.kind === 'none' && there !== undefined;
  return connected(isWithout ? await serverOptions({ ...there, url }, given, 'default', env) : own, target, content);
}

/** Whether a URL is configured for a server. */
export async function isPlaced(context: CommandContext, type: string): Promise<boolean> {
  return text(context.values, 'url') !== undefined || (await places(context, type)).named.length > 0;
}

export function connected(options: HttpServerOptions, target: Target, content: ContentOptions): Connection {
  const { connect = httpClient } = target;
  return { client: connect({ ...options, compression: 'none' }, urlOf(options, target.url)), tenant: options.tenant, content };
}

export function urlVariable(type: string): string {
  return serverVariable(type, 'URL');
}

async function places(
  { env, config }: CommandContext,
  type: string,
): Promise<{ readonly named: readonly string[]; readonly sinks: readonly SinkConfig[] }> {
  const { sinks = [] } = await config();
  const ofType = sinks.filter((sink) => sink.type === type && /^https?:/.test(sink.url ?? ''));
  const named = [env[urlVariable(type)], ...ofType.map(({ url }) => url)];
  return { named: named.filter((url): url is string => url !== undefined && url !== ''), sinks: ofType };
}

/** How a sink is reached, without its secrets. */
function connectionOf(sink: SinkConfig | undefined): Partial<SinkConfig> {
  if (sink === undefined) return {};
  const { caFile, caOnly, allowPlaintext, certFile, keyFile, timeoutSeconds, tenant } = sink;
  const all = { caFile, caOnly, allowPlaintext, certFile, keyFile, timeoutSeconds, tenant };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
