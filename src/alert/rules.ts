import type { AlertRule } from './rule.ts';
import { CHANGE_RULES } from './rules/change.ts';
import { EXPOSURE_RULES } from './rules/exposure.ts';
import { SCAN_RULES } from './rules/scan.ts';
import { WEAKNESS_RULES } from './rules/weakness.ts';

/** All rules; the same ids in every server. */
export const ALERT_RULES: readonly AlertRule[] = [...CHANGE_RULES, ...WEAKNESS_RULES, ...EXPOSURE_RULES, ...SCAN_RULES];
