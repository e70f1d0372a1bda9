/**
 * Statements by which a sink (its number) counts as not sent what it has lost: of records of the inventory all, and the changes of
 * a scan, whose id is their acknowledgement group. `groups` asks for the groups of what was lost, in this column.
 */
export function forgetOffsets(sink: string | number, groups: string, column = 'ack_group'): readonly string[] {
  const key = `(SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = ${sink})`;
  return [
    `DELETE FROM inventory_offset WHERE sink = ${key} AND X'00000000000000000000000000000000' IN (${groups})`,
    `DELETE FROM change_offset WHERE sink = ${key} AND scan IN (SELECT lower(hex(${column})) FROM (${groups}))`,
  ];
}
