import type { LogEvent } from './event.ts';

/**
 * The ECS document as one line of JSON. What the events of a host share was rendered with the
 * first of them and is spliced in here: half the cost of rendering each event whole.
 */
export function ecsLine({ shared, own }: LogEvent): string {
  return `{${shared.json},${JSON.stringify(own).slice(1)}`;
}
