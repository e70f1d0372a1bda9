import type { LogEvent } from './event.ts';
import { jsonWithoutControls } from './text.ts';

/**
 * The ECS document as one line of JSON. What the events of a host share was rendered with the
 * first of them and is spliced in here: half the cost of rendering each event whole.
 */
export function ecsLine(event: LogEvent): string {
  return ecsParts(event).join('');
}

/** The same line in pieces, for whoever writes them one behind the other anyway. */
export function ecsParts({ shared, own }: LogEvent): readonly [string, string] {
  return [shared.json, jsonWithoutControls(JSON.stringify(own)).slice(1)];
}
