import type { AlertRule } from './rule.ts';
import { CHANGE_RULES } from './rules/change.ts';
import { EXPOSURE_RULES } from './rules/exposure.ts';
import { IDENTITY_RULES } from './rules/identity.ts';
import { SCAN_RULES } from './rules/scan.ts';
import { EXTERNAL_RULES, WEAKNESS_RULES } from './rules/weakness.ts';

/** All rules; the same ids in every server. New ones come last, because the ids of Wazuh's rules are counted. */
export const ALERT_RULES: readonly AlertRule[] = [
  ...CHANGE_RULES,
  ...WEAKNESS_RULES,
  ...EXPOSURE_RULES,
  ...SCAN_RULES,
  ...IDENTITY_RULES,
  ...EXTERNAL_RULES,
];
