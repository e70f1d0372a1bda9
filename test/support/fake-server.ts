import type { ServerResponse } from 'node:http';
import { scriptedServer, type Seen } from './scripted-server.ts';

/** A server that plays a part of another one's API, in memory. */
export abstract class FakeServer {
  /** `METHOD path` of each request that changes something. */
  readonly actions: string[] = [];
  private server: Awaited<ReturnType<typeof scriptedServer>> | undefined;

  async start(): Promise<string> {
    this.server = await scriptedServer((seen, response) => this.serve(seen, response));
    return this.origin;
  }

  /** Where it listens, once it was started. */
  get origin(): string {
    return this.server?.url.origin ?? '';
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }

  protected abstract serve(seen: Seen, response: ServerResponse): void;
}
