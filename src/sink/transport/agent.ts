import type { Agent, Dispatcher } from 'undici';

/** undici, as far as it is needed here. */
export interface Connections {
  request(request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  /** Cuts what is open. */
  destroy(): Promise<void>;
}

/** Connections as the options say, which are loaded and opened when the first request is sent. */
export function connections(options: Agent.Options): Connections {
  let open: Promise<Connections> | undefined;
  return {
    request: async (request) => {
      open ??= load(options);
      return (await open).request(request);
    },
    destroy: async () => {
      open ??= Promise.resolve(CLOSED);
      await (await open).destroy();
    },
  };
}

const CLOSED: Connections = {
  request: async () => {
    throw new Error('closed before the first request');
  },
  destroy: async () => undefined,
};

/** Only these two modules: all of undici, with its `fetch`, caches and mocks, takes 50 ms longer (docs/decisions/0106-start.md). */
async function load(options: Agent.Options): Promise<Connections> {
  const [{ default: Agent }, { default: request }] = await Promise.all([
    import('undici/lib/dispatcher/agent.js'),
    import('undici/lib/api/api-request.js'),
  ]);
  const agent = new Agent(options);
  return {
    request: (one) => request.call(agent, one),
    destroy: async () => {
      if (!agent.destroyed) await agent.destroy();
    },
  };
}
