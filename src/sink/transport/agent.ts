import type { Agent, buildConnector, Dispatcher } from 'undici';

/** The part of undici that is needed here. */
export interface Connections {
  request(request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  /** Closes open connections at once. */
  destroy(): Promise<void>;
}

interface ConnectionOptions extends Omit<Agent.Options, 'connect'> {
  readonly connect: buildConnector.BuildOptions;
}

/** Connections with these options. undici is loaded, and connections are opened, with the first request. */
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

/** Loads only these modules: all of undici, with `fetch`, caches and mocks, takes 50 ms longer (docs/decisions/0106-start.md). */
async function load({ connect, ...options }: ConnectionOptions): Promise<Connections> {
  const [{ default: Agent }, { default: request }, { default: connectorOf }] = await Promise.all([
    import('undici/lib/dispatcher/agent.js'),
    import('undici/lib/api/api-request.js'),
    import('undici/lib/core/connect.js'),
  ]);
  const alerts = new Alerts(connectorOf(connect));
  const agent = new Agent({ ...options, connect: alerts.connector });
  return {
    request: (one) => request.call(agent, one).catch((error: NodeJS.ErrnoException) => alerts.throwAlertOr(error)),
    destroy: async () => {
      if (!agent.destroyed) await agent.destroy();
    },
  };
}

/**
 * Remembers TLS alerts. With TLS 1.3 a server complains about a missing or refused client certificate only after the handshake, and undici
 * then reports just a closed connection.
 */
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

  /** Throws the TLS alert that ended the connection, else the error itself. */
  throwAlertOr(error: NodeJS.ErrnoException): never {
    throw (error.code === 'UND_ERR_SOCKET' ? this.last : undefined) ?? error;
  }
}
