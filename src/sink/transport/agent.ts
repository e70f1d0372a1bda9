import type { Agent, buildConnector, Dispatcher } from 'undici';

/** undici, as far as it is needed here. */
export interface Connections {
  request(request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  /** Cuts what is open. */
  destroy(): Promise<void>;
}

interface ConnectionOptions extends Omit<Agent.Options, 'connect'> {
  readonly connect: buildConnector.BuildOptions;
}

/** Connections as the options say, which are loaded and opened when the first request is sent. */
export function connections(options: ConnectionOptions): Connections {
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

/** Only these modules: all of undici, with its `fetch`, caches and mocks, takes 50 ms longer (docs/decisions/0106-start.md). */
async function load({ connect, ...options }: ConnectionOptions): Promise<Connections> {
  const [{ default: Agent }, { default: request }, { default: connectorOf }] = await Promise.all([
    import('undici/lib/dispatcher/agent.js'),
    import('undici/lib/api/api-request.js'),
    import('undici/lib/core/connect.js'),
  ]);
  const alerts = new Alerts(connectorOf(connect));
  const agent = new Agent({ ...options, connect: alerts.connector });
  return {
    request: (one) => request.call(agent, one).catch((error: NodeJS.ErrnoException) => alerts.behind(error)),
    destroy: async () => {
      if (!agent.destroyed) await agent.destroy();
    },
  };
}

/** With TLS 1.3 a server says after the handshake that it misses our certificate, or does not take it. undici then reports only that it has closed. */
class Alerts {
  private last: NodeJS.ErrnoException | undefined;
  private readonly connect: buildConnector.connector;

  constructor(connect: buildConnector.connector) {
    this.connect = connect;
  }

  readonly connector: buildConnector.connector = (to, done) => {
    this.last = undefined;
    this.connect(to, (...result) => {
      result[1]?.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code?.startsWith('ERR_SSL_') === true) this.last = error;
      });
      done(...result);
    });
  };

  /** Throws what was said when the connection was cut, or the error. */
  behind(error: NodeJS.ErrnoException): never {
    throw (error.code === 'UND_ERR_SOCKET' ? this.last : undefined) ?? error;
  }
}
