import type { FileOptions } from '../options.ts';
import { resolve } from 'node:path';
import { ecsParts } from '../../event/ecs.ts';
import { isForShell, NO_TILDE } from '../../core/tilde.ts';
import { PortlogError } from '../../core/errors.ts';
import { batchBody, BufferPool, encoded } from '../transport/body.ts';
import { Appender, type Permit } from './appender.ts';
import { diagnosisOf } from './diagnosis.ts';
import { explained } from './failure.ts';
import { accepting } from '../only.ts';
import { scopeOf } from '../address.ts';
import { allDelivered } from '../outcome.ts';
import { withoutUser } from '../shown.ts';
import type { Sink } from '../sink.ts';

const LIMITS = { maxEvents: 2000, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 1 };

/** NDJSON, one ECS event per line, appended (O_APPEND) so that others may read or write the file. Never half a line: a partial write is undone. */
export function fileSink(options: FileOptions, permit?: Permit): Sink {
  const path = pathOf(options.target);
  const file = new Appender(path, options, permit);
  const scratch = new BufferPool(LIMITS.maxBytes);
  return {
    name: `file ${path}`,
    identity: { type: 'file', target: path, scope: scopeOf({}, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded([...ecsParts(event), '\n']),
    check: () => explained(path, () => [diagnosisOf(path)]),
    send: (batch, signal) =>
      explained(path, async () => {
        const removed = await file.rotateIfLarge();
        const body = batchBody(batch, scratch);
        await file.append(body, batch.entries.length, signal);
        scratch.release(body);
        return { ...allDelivered(batch), removed };
      }),
    close: () => file.close(),
  };
}

/** Targets that are addresses rather than paths: as part of a path, a password before the `@` would be shown. */
const AN_ADDRESS = /^\w+:\/\/|^\/\/[^/]*@|^[^/:]+:[^/@]*@/;

function pathOf(target = ''): string {
  if (target === '')
    throw new PortlogError('sink-options', 'the sink "file" needs a path', { hint: 'for example --to file=/var/log/portlog/events.ndjson' });
  if (isForShell(target))
    throw new PortlogError('sink-options', `the path ${target} of the sink "file" ${NO_TILDE}`, { hint: 'write the whole path' });
  if (AN_ADDRESS.test(target))
    throw new PortlogError('sink-options', `the sink "file" takes a path, and "${withoutUser(target)}" is an address`, {
      hint: 'name the kind of server that is there: --to elasticsearch=https://es:9200',
    });
  return resolve(target);
}
