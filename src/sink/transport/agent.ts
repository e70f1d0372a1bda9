import type { Duplex } from 'node:stream';
import type { Agent, buildConnector, Dispatcher } from 'undici';

/** The part of undici that is needed here. */
export interface Connections {
  request(request: Dispatcher.RequestOptions & { readonly signal?: AbortSignal }): Promise<Dispatcher.ResponseData>;
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
  const connecting = new Connecting(connectorOf(connect));
  const agent = new Agent({ ...options, connect: connecting.connector });
  return {
    request: async (one) => {
      const answer = request.call(agent, one).catch((error: NodeJS.ErrnoException) => connecting.throwAlertOr(error));
      return one.signal === undefined ? answer : orAborted(answer, one.signal);
    },
    destroy: async () => {
      connecting.end();
      if (!agent.destroyed) await agent.destroy();
    },
  };
}

/** Rejects when the signal aborts: undici looks at it only once there is a connection, which a server that is silent in TLS delays. */
async function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([answer, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Connections while they are made. */
class Connecting {
  private readonly connect: buildConnector.connector;
  private readonly sockets = new Set<Duplex>();
  /** The latest TLS alert. */
  private alert: NodeJS.ErrnoException | undefined;

  constructor(connect: buildConnector.connector) {
    this.connect = connect;
  }

  readonly connector: buildConnector.connector = (to, done) => {
    this.alert = undefined;
    const connect = this.connect as (...args: Parameters<buildConnector.connector>) => Duplex;
    const socket = connect(to, (...result) => {
      this.sockets.delete(socket);
      result[1]?.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code?.startsWith('ERR_SSL_') === true) this.alert = error;
      });
      done(...result);
    });
    this.sockets.add(socket);
  };

  /** Ends those that nobody answers, for which `destroy` of undici waits until the time to connect is over. */
  end(): void {
    for (const socket of this.sockets) socket.destroy(new Error('closed while connecting'));
  }

  /**
   * Throws the TLS alert that ended the connection, else the error itself. With TLS 1.3 a server complains about a missing or refused client
   * certificate only after the handshake, and undici then reports just a closed connection.
   */
  throwAlertOr(error: NodeJS.ErrnoException): never {
    throw (error.code === 'UND_ERR_SOCKET' ? this.alert : undefined) ?? error;
  }
}
