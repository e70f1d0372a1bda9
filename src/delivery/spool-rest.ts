import { batchOf, type BatchOf } from '../sink/batch.ts';
import type { Ledger } from '../state/ledger.ts';
import type { AckGroupRef, Queued } from '../state/queued.ts';
import type { SinkTables } from '../state/store.ts';
import { AckGroup, ackGroupsOf, keysOf } from './ack-group.ts';

/** Enters the groups of a spooled batch in the ledger as waiting. */
export function enterWaiting(ledger: Ledger, entries: readonly Queued[], seq: number): void {
  const groups = ackGroupsOf(entries);
  for (const group of groups) openGroup(ledger, group);
  ledger.noteSpooled(keysOf(groups), seq);
}

/** Enters a group of this run in the ledger before it is complete, unless it is there. */
export function openGroup(ledger: Ledger, group: AckGroupRef): void {
  if (!(group instanceof AckGroup)) return;
  if (!group.opened) ledger.open(group.key);
  group.opened = true;
}

/** Updates a spooled batch to the entries that are `left`, and acknowledges its other groups. */
export function keepRest({ spool, ledger }: SinkTables, seq: number, batch: BatchOf<Queued>, left: readonly Queued[] | undefined): void {
  if (left === undefined || left.length === 0) {
    ledger.acknowledgeAll(seq);
    spool.remove(seq);
  } else if (left.length < batch.entries.length) {
    const waiting = new Set([...ackGroupsOf(left)].map(({ key }) => key));
    for (const { key } of ackGroupsOf(batch.entries)) if (!waiting.has(key)) ledger.acknowledge(key, seq);
    spool.replace(seq, batchOf(left, batch.partition));
  }
}
