/**
 * Which folder of `src/` may import which, from below: itself, and those named with it. Only folders above it in this table
 * may be named, so there is no cycle. A path of a file (`sink/sink`) allows that file alone.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'core': [],
  'nmap': ['core'],
  'event': ['core', 'nmap'],
  'finding': ['core', 'nmap', 'event'],
  'alert': ['event', 'finding/finding'],
  'sink': ['core', 'event', 'alert'],
  'state': ['core', 'nmap', 'event', 'sink/sink', 'sink/batch'],
  'change': ['core', 'nmap', 'event', 'state'],
  'source': ['core', 'nmap'],
  'content': ['core', 'event', 'finding/finding', 'alert', 'sink/loki/entry'],
  'setup': ['core', 'event', 'sink', 'content'],
  'delivery': ['core', 'event', 'sink/sink', 'sink/batch', 'state'],
  'pipeline': ['core', 'nmap', 'event', 'finding', 'change', 'source', 'sink/sink', 'state', 'delivery'],
  'report': ['core', 'event', 'finding', 'change', 'state', 'sink/sink', 'sink/transport/body'],
  'config': ['core', 'nmap', 'event', 'finding', 'alert', 'sink', 'state', 'change', 'source'],
  'library': ['core', 'nmap', 'event', 'finding', 'sink', 'state', 'change', 'source', 'pipeline', 'config/load'],
  'exporter': ['core', 'event', 'sink/sink', 'state', 'delivery', 'library/given', 'library/kinds'],
  'unattended': ['core', 'event', 'state', 'change', 'source', 'pipeline', 'config'],
  'metrics': ['core', 'event', 'finding/exposure', 'sink/sink', 'sink/shown', 'state', 'change', 'unattended/schedule'],
  'cli': [
    'core',
    'nmap',
    'event',
    'finding',
    'sink',
    'state',
    'change',
    'source',
    'content',
    'setup',
    'delivery',
    'pipeline',
    'report',
    'config',
    'unattended',
    'metrics',
  ],
  '.': ['core', 'nmap', 'event', 'finding', 'sink', 'state', 'change', 'source', 'delivery', 'pipeline', 'exporter', 'config/open-sink', 'library'],
};

/** Modules from outside that have one home, and where: folders, or files without `.ts`. */
export const HOMES: Readonly<Record<string, readonly string[]>> = {
  'undici': ['sink/transport'],
  'node:net': [
    'metrics/endpoint',
    'sink/transport/stream',
    'sink/transport/this-machine',
    'nmap/address-set',
    'nmap/link',
    'event/address',
    'change/stable-text',
  ],
  'node:tls': ['sink/transport'],
  'node:http': ['metrics/endpoint'],
  'node:https': [],
  'node:http2': [],
  'node:dgram': [],
  'node:dns': ['sink/transport/this-machine'],
  'node:child_process': ['core/child', 'source/nmap'],
  'node:sqlite': ['core/sqlite', 'state/database'],
  'node:timers': ['core/clock'],
  'node:worker_threads': ['pipeline/threads', 'cli/session/watchdog', 'cli/session/watchdog-thread'],
  'node:sea': ['core/package-files'],
  'node:vm': [],
  'yaml': ['config', 'content', 'setup/loki', 'cli'],
  'ajv': ['config'],
  'pako': ['source/inflate'],
  'croner': ['unattended/timetable'],
  'prom-client': [],
  '@opentelemetry': ['exporter'],
  'fast-xml-parser': [],
};

/**
 * What reads the machine's time or waits in it, and where that may be. All else has a clock injected, so that tests can set it; why
 * limits of sockets and programs have not: docs/decisions/0100-real-time-limits.md.
 */
export const CLOCKS: Readonly<Record<string, readonly string[]>> = {
  'Date.now': ['core/clock', 'core/process-alive'],
  'new Date()': [],
  'Date()': [],
  'performance.now': ['core/clock', 'core/event-loop'],
  'process.hrtime': [],
  'AbortSignal.timeout': ['core/deadline'],
  'setTimeout': ['core/clock', 'core/deadline', 'core/child', 'sink/transport/stream', 'cli/session/signals'],
  'setInterval': ['cli/session/heap', 'cli/session/watchdog', 'cli/session/watchdog-thread'],
  'setImmediate': ['core/event-loop'],
};
