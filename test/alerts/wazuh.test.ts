import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { wazuhIds } from '../../src/content/wazuh-rules.ts';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { flatLine } from '../../src/event/flat.ts';
import { ROOT } from '../support/run-portlog.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { decoded, lint, readRules } from './wazuh.ts';

const XML = readFileSync(join(ROOT, 'dashboards/wazuh/portlog_rules.xml'), 'utf8');
const RULES = readRules(XML);
/** The bases, what is sorted out, and the scan that finished stand before the rules of the catalogue. */
const OWN = 5;

describe('the rules', () => {
  test('load: a manager refuses none of them, and drops none silently', () => {
    expect(lint(XML, RULES)).toEqual([]);
    const covered = new Set(wazuhIds(DEFAULT_CONTENT).keys());
    expect(ALERT_RULES.filter(({ id }) => !covered.has(id)).map(({ id }) => id)).toEqual(['scan-overdue']);
    expect(new Set([...wazuhIds(DEFAULT_CONTENT).values()].flat())).toEqual(new Set(RULES.slice(OWN).map(({ id }) => id)));
  });

  test('the linter finds the faults that it is configured for', () => {
    const broken = (from: string, to: string): readonly string[] => {
      const xml = XML.replace(from, to);
      expect(xml).not.toBe(XML);
      return lint(xml, readRules(xml));
    };
    expect(broken('<group name', '<?xml version="1.0"?><group name')).toHaveLength(1);
    expect(broken('<if_sid>100700,100701</if_sid>', '<if_sid>100700,100999</if_sid>')).toHaveLength(1);
    expect(broken('<decoded_as>json<', '<decoded_as>portlog<')).toHaveLength(1);
    expect(broken('id="100742"', 'id="100700"')).toHaveLength(1);
    expect(broken('name="nmap.external"', 'name="srcip"')).toHaveLength(1);
    expect(broken('<id>T1133</id>', '<id>T0883</id>')).toHaveLength(1);
    expect(broken('level="0"', 'level="3"')).toHaveLength(1);
    expect(broken('type="pcre2">^(?:true)$', 'type="osregex">^(?:true)$')).toHaveLength(1);
  });

  test('the most severe come first, because an event fires one rule', () => {
    const levels = RULES.slice(OWN).map(({ level }) => level);
    expect(levels).toEqual(levels.toSorted((a, b) => b - a));
  });

  test('fields in descriptions have the names of the decoder', () => {
    const known = new Set(eventsOf(fixture('everything.xml'), { all: true }).flatMap((event) => [...decoded(JSON.parse(flatLine(event))).keys()]));
    const more = ['nmap.rule.id', 'nmap.delivery.sink', 'nmap.delivery.problem', 'nmap.site'];
    for (const { description } of RULES)
      for (const [, name = ''] of description.matchAll(/\$\(([\w.]+)\)/g)) expect([...known, ...more], description).toContain(name);
  });
});
