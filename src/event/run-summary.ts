import type { EventOptions } from './context.ts';
import { NO_PORTS, openWords } from './counts.ts';
import { type LogEvent, SEVERITY } from './event.ts';
import { healthEvent } from './health-event.ts';
import { digest } from './id.ts';
import { counted, withCommas } from './text.ts';
import { isoTime } from './time.ts';

/** The account of one sink; `read` is the sum of the other numbers. */
export interface DeliverySums {
  readonly read: number;
  readonly delivered: number;
  readonly already: number;
  readonly dead: number;
  readonly spooled: number;
  readonly discarded: number;
  readonly withheld: number;
}

/** Facts of one run of portlog, for its summary. */
export interface RunFacts {
  /** Identifies the run. */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly started: number;
  readonly inputs: number;
  /** Number of inputs that were not read to their end, or not at all, because the run was stopped. */
  readonly unfinished: number;
  readonly scans: number;
  readonly hosts: number;
  readonly openPorts: number;
  /** Number of scans that looked at ports. */
  readonly portScans: number;
  /** Number of IP protocols that answered (`nmap -sO`). */
  readonly openProtocols: number;
  /** Number of inputs and elements that could not be read, and of scans that are cut or failed. */
  readonly problems: number;
  readonly sinks: readonly { readonly name: string; readonly acknowledges: boolean; readonly sums: DeliverySums; readonly replayed: DeliverySums }[];
}

/** `run-summary`: what a run of portlog read and delivered; per sink in the message, in total in the fields. */
export function runSummaryEvent(options: EventOptions, run: RunFacts): LogEvent {
  const total = totalOf(run.sinks.map(({ sums }) => sums));
  const undelivered = total.dead + total.spooled + total.discarded;
  const bad = undelivered > 0 || run.problems > 0;
  const now = options.now();
  const found = [
    counted(run.scans, 'scan'),
    `${counted(run.hosts, 'host')} listed`,
    run.portScans === 0 && run.hosts > 0 ? NO_PORTS : openWords(run.openPorts, run.openProtocols),
    ...(run.unfinished === 0 ? [] : [`stopped early: ${counted(run.unfinished, 'input')} not read to the end`]),
  ].join(', ');
  const sinks = run.sinks.map((sink) => `${sink.name}: ${sinkText(sink)}`).join('; ');
  return healthEvent(options, {
    action: 'run-summary',
    run: run.key,
    entity: digest(['portlog', options.site]),
    severity: bad ? SEVERITY.medium : SEVERITY.info,
    message: `portlog run ${bad ? 'ended with problems' : 'ended well'}: ${found}; ${sinks}`,
    event: { outcome: bad ? 'failure' : 'success', start: isoTime(run.started), end: isoTime(now), duration: (now - run.started) * 1e6 },
    nmap: {
      run: {
        inputs: run.inputs,
        scans: run.scans,
        hosts: run.hosts,
        open_ports: run.openPorts,
        open_protocols: run.openProtocols === 0 ? undefined : run.openProtocols,
        problems: run.problems,
      },
      delivery: { sink: run.sinks.map(({ name }) => name), ...total },
    },
  });
}

function totalOf(all: readonly DeliverySums[]): DeliverySums {
  const total = { read: 0, delivered: 0, already: 0, dead: 0, spooled: 0, discarded: 0, withheld: 0 };
  for (const sums of all) for (const name of Object.keys(total) as (keyof DeliverySums)[]) total[name] += sums[name];
  return total;
}

/** `read 9 = delivered 8 + dead 1, of earlier runs delivered 2`, without zeros. */
function sinkText({ sums, replayed, acknowledges }: RunFacts['sinks'][number]): string {
  const [now, before] = [fatesText(sums, acknowledges), fatesText(replayed, acknowledges)];
  const parts = [sums.read === 0 ? undefined : `read ${withCommas(sums.read)} = ${now}`, before === '' ? undefined : `of earlier runs ${before}`];
  return parts.filter((part) => part !== undefined).join(', ') || 'nothing to send';
}

function fatesText(fates: DeliverySums, acknowledges: boolean): string {
  const words = (['delivered', 'already', 'dead', 'spooled', 'discarded', 'withheld'] as const).filter((name) => fates[name] > 0);
  return words.map((name) => `${name === 'delivered' && !acknowledges ? 'sent' : name} ${withCommas(fates[name])}`).join(' + ');
}
