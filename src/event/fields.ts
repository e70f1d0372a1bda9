import { STATEMENT_FIELDS } from './fields/statement.ts';
import { TARGET_FIELDS } from './fields/target.ts';
import { CERTIFICATE_FIELDS } from './fields/certificate.ts';
import { SCOPE_FIELDS } from './fields/scope.ts';
import { SCAN_FIELDS } from './fields/scan.ts';
import { COUNT_FIELDS } from './fields/count.ts';
import { NOTICE_FIELDS } from './fields/notice.ts';
import { HOST_FIELDS } from './fields/host.ts';
import { PORT_FIELDS } from './fields/port.ts';
import { FINDING_FIELDS } from './fields/finding.ts';
import { CHANGE_FIELDS } from './fields/change.ts';
import { INVENTORY_FIELDS } from './fields/inventory.ts';
import { HEALTH_FIELDS } from './fields/health.ts';
import type { Field } from './fields/field.ts';

/** Every field that an event may have, in the order of docs/reference/events.md. A published field keeps its type for ever. */
export const FIELDS: readonly Field[] = [
  ...STATEMENT_FIELDS,
  ...TARGET_FIELDS,
  ...CERTIFICATE_FIELDS,
  ...SCOPE_FIELDS,
  ...SCAN_FIELDS,
  ...COUNT_FIELDS,
  ...NOTICE_FIELDS,
  ...HOST_FIELDS,
  ...PORT_FIELDS,
  ...FINDING_FIELDS,
  ...CHANGE_FIELDS,
  ...INVENTORY_FIELDS,
  ...HEALTH_FIELDS,
];
