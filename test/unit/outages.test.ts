import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { PortlogError } from '../../src/core/errors.ts';
import { Log } from '../../src/cli/session/log.ts';
import { Outages } from '../../src/cli/session/outages.ts';

const MINUTE = 60_000;

/** What is said when a sink is down each minute, for so many minutes. */
function said(minutes: number, then: (outages: Outages) => void = () => undefined): readonly string[] {
  const stderr = new PassThrough();
  let time = 0;
  const outages = new Outages(new Log(stderr, 'normal'), { now: () => time });
  for (; time < minutes * MINUTE; time += MINUTE) outages.isDown('loki http://l', { message: 'it is silent', hint: 'look there' }, time / MINUTE);
  then(outages);
  return String(stderr.read() ?? '')
    .split('\n')
    .slice(0, -1);
}

test('a sink that is down is reported once, and again at growing intervals', () => {
  expect(said(12 * 60)).toEqual([
    'portlog: loki http://l is not available: it is silent',
    'portlog:   → look there',
    'portlog: loki http://l is still not available, for 15 minutes now: it is silent; 15 events wait on disk',
    'portlog: loki http://l is still not available, for 45 minutes now: it is silent; 45 events wait on disk',
    'portlog: loki http://l is still not available, for 1 hour now: it is silent; 105 events wait on disk',
    'portlog: loki http://l is still not available, for 3 hours now: it is silent; 225 events wait on disk',
    'portlog: loki http://l is still not available, for 7 hours now: it is silent; 465 events wait on disk',
  ]);
});

test('its recovery is reported once', () => {
  const lines = said(10, (outages) => {
    outages.isUp('loki http://l');
    outages.isUp('loki http://l');
    outages.isUp('another');
  });
  expect(lines.slice(2)).toEqual(['portlog: loki http://l is available again, after 10 minutes']);
});

test('an outage that began before this process did is as long as the state says', () => {
  const lines = said(10, (outages) => {
    outages.recall('http h', -20 * MINUTE);
    outages.isDown('http h', { message: 'it is silent' });
    outages.isUp('http h');
    outages.isDown('http h', { message: 'it is silent' });
    outages.isUp('http h');
  });
  const again = (minutes: string): string => `portlog: http h is available again, after ${minutes}`;
  expect(lines.filter((line) => line.includes('again,'))).toEqual([again('30 minutes'), again('0 seconds')]);
});

test('one that is renamed, and renamed back, counts as a new one', () => {
  const lines = said(10, (outages) => {
    outages.keepOnly(new Set(['loki http://l (name=one)']));
    outages.isUp('loki http://l (name=one)');
    outages.keepOnly(new Set(['loki http://l']));
    outages.isDown('loki http://l', { message: 'it is silent' });
    outages.isUp('loki http://l');
  });
  expect(lines.slice(2)).toEqual([
    'portlog: loki http://l is not available: it is silent',
    'portlog: loki http://l is available again, after 0 seconds',
  ]);
});

test('a warning of a check is repeated only after a check without it', () => {
  const lines = said(0, (outages) => {
    for (const warnings of [['a'], ['a', 'b'], ['b'], ['a']]) outages.warn('loki http://l', warnings);
  });
  expect(lines).toEqual(['portlog: a', 'portlog: b', 'portlog: a']);
});

test('a repeated problem is logged once and at rising intervals, and again after work has succeeded in between', () => {
  let time = 0;
  const outages = new Outages(new Log(new PassThrough(), 'normal'), { now: () => time });
  const newer = new PortlogError('state-unusable', 'written by a newer portlog');
  const minutes: number[] = [];
  const pass = (until: number): void => {
    for (; time < until * MINUTE; time += MINUTE) {
      if (outages.isToReport(newer)) minutes.push(time / MINUTE);
      // Another schedule meets the same.
      if (outages.isToReport(new PortlogError('state-unusable', newer.message))) minutes.push(time / MINUTE);
    }
  };
  pass(120);
  expect(minutes).toEqual([0, 15, 45, 105]);
  outages.stateWorks();
  pass(130);
  expect(minutes).toEqual([0, 15, 45, 105, 120]);
  expect(outages.isToReport(new PortlogError('state-unusable', 'the disk is full'))).toBe(true);
});
