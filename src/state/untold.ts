/**
 * Statements by which a sink (its number) counts as not told of what it has lost: of records of the inventory all, and the changes of
 * a scan, whose id is their unit. `units` asks for the units of what was lost.
 */
export function untold(sink: string | number, units: string): readonly string[] {
  const key = `(SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = ${sink})`;
  return [
    `DELETE FROM told_inventory WHERE sink = ${key} AND X'00000000000000000000000000000000' IN (${units})`,
    `DELETE FROM told_sink WHERE sink = ${key} AND scan IN (SELECT lower(hex(unit)) FROM (${units}))`,
  ];
}
