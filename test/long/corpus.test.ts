import { describe, expect, test } from 'vitest';
import { CORPUS, corpusFile, corpusFiles } from '../support/corpus.ts';
import { comparable, factsOf } from '../support/facts.ts';
import { eventsOf, hosts, itemsOf } from '../support/scans.ts';
import { expectValidEvent } from '../support/validate.ts';

describe.skipIf(CORPUS === undefined)('real scans (PORTLOG_CORPUS)', () => {
  test('there are 50 of them', () => expect(corpusFiles()).toHaveLength(50));

  test.for(corpusFiles())('%s gives exactly the facts that were counted independently', ([name, expected]) => {
    const items = itemsOf(corpusFile(name));
    const facts = expected.wellformed ? expected : expected.facts_if_repaired;
    if (facts === undefined || facts === null) expect(hosts(items).length).toBeGreaterThanOrEqual(expected.wellformed_complete_hosts ?? 0);
    else expect(factsOf(items)).toEqual(comparable(facts));
  });

  test.for(corpusFiles())('%s reads the same in any pieces', ([name]) => {
    const bytes = corpusFile(name);
    const whole = eventsOf(bytes, { all: true });
    for (const chunk of [1, 7, 4096]) expect(eventsOf(bytes, { all: true }, chunk)).toEqual(whole);
  });

  test.for(corpusFiles())('%s gives one event per port and valid events only', ([name, expected]) => {
    const events = eventsOf(corpusFile(name), { all: true });
    for (const event of events) expectValidEvent(event);
    const facts = expected.wellformed ? expected : expected.facts_if_repaired;
    if (facts) expect(events.filter(({ dataset }) => dataset === 'nmap.port')).toHaveLength(facts['ports'].total);
    if (facts && facts['scanner'] !== 'masscan') expect(events.filter(({ dataset }) => dataset === 'nmap.host')).toHaveLength(facts['hosts'].total);
  });
});
