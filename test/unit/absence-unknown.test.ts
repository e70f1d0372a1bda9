import { describe, expect, test } from 'vitest';
import { fixture } from '../support/scans.ts';
import { World } from '../support/world.ts';

const NOW = Date.parse('2026-12-31T12:00:00Z');

describe('a scan that cannot tell that a host is gone', () => {
  const announced = (world: World): readonly string[] =>
    [...world.stored.values()].filter(({ action }) => action === 'absence-unknown').map(({ message }) => message);
  const sentence =
    '1 host that is known is not in the scan, which cannot show whether it is gone: without -v, or with --open, nmap leaves out hosts that are down';

  test('is reported once, in a message and in an event', async () => {
    const world = new World({ event: { now: () => NOW } });
    const first = await world.run([fixture('net1-nov.xml').toString()]);
    expect([first.inputs[0]?.remarks, announced(world)]).toEqual([[], []]);
    const gone = fixture('net2-nov.xml').toString();
    const second = await world.run([gone]);
    expect(second.inputs[0]?.remarks).toEqual([sentence]);
    expect(announced(world)).toEqual([`site default: ${sentence}`]);
    const third = await world.run([gone.replaceAll('1795634571', '1795634671')]);
    expect([third.inputs[0]?.remarks, announced(world)]).toEqual([[], [`site default: ${sentence}`]]);
  });

  test('is reported for ten kinds of scan in a file, and no more, however often it is shipped', async () => {
    const world = new World({ event: { now: () => NOW } });
    await world.run([fixture('net1-nov.xml').toString()]);
    const gone = fixture('net2-nov.xml').toString();
    const kinds = (count: number): string => Array.from({ length: count }, (_, i) => gone.replace('args="nmap ', `args="nmap -T${i} `)).join('');
    const few = await new World({ event: { now: () => NOW } }).run([fixture('net1-nov.xml').toString() + kinds(10)]);
    expect(few.inputs[0]?.remarks).toEqual([sentence]);
    const many = kinds(30);
    for (const _ of [1, 2]) {
      const { inputs } = await world.run([many]);
      expect(inputs[0]?.remarks.at(-1)).toMatch(/^it has more than 10 kinds of scan that leave out hosts that are down/);
      expect(inputs[0]?.remarks.filter((remark) => remark.startsWith('it has more'))).toHaveLength(1);
      expect(announced(world)).toHaveLength(10);
    }
    // In a file of its own, one that was not told of is told.
    await world.run([gone.replace('args="nmap ', 'args="nmap -T29 ')]);
    expect(announced(world)).toHaveLength(11);
  });

  test('with -v there is nothing to say but that it is down', async () => {
    const world = new World({ event: { now: () => NOW } });
    const loud = (name: string): string => fixture(name).toString().replace('verbose level="0"', 'verbose level="1"');
    await world.ship(loud('net1-nov.xml'));
    expect(await world.ship(loud('net2-nov.xml'))).toEqual(['10.99.7.3 is down, was up for 20 seconds']);
    expect(announced(world)).toEqual([]);
  });
});
