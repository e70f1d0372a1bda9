import { ecsParts } from './ecs.ts';
import type { LogEvent } from './event.ts';
import { otlpLine } from './otel.ts';

/** An event as a line of JSON, in pieces; the line feed is not among them. */
export const LINES = {
  ecs: ecsParts,
  otel: (event: LogEvent): readonly string[] => [otlpLine(event)],
} as const;
export type LineFormat = keyof typeof LINES;
