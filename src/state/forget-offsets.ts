/**
 * SQL statements after which events that a sink (its number) has lost no longer count as sent: all inventory records, or the changes of a
 * scan, whose id is their acknowledgement group. `groups`: a query for the groups of the lost events; `column`: their column in it.
 */
export function forgetOffsets(sink: string | number, groups: string, column = 'ack_group'): readonly string[] {
  const key = `(SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = ${sink})`;
  return [
    `DELETE FROM inventory_offset WHERE sink = ${key} AND X'00000000000000000000000000000000' IN (${groups})`,
    `DELETE FROM change_offset WHERE sink = ${key} AND scan IN (SELECT lower(hex(${column})) FROM (${groups}))`,
  ];
}
