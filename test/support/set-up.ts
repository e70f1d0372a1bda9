import { ALERT_RULES } from '../../src/alert/rules.ts';
import { portlog } from './run-in-process.ts';

export const KEPT = 'left as it is, because somebody has made or changed it:';
export const RULE_COUNT = ALERT_RULES.length;
export const FORCE = '--force overwrites what somebody has changed';
export const FORCE_REMOVAL = '--force removes that, too';

/** What it says, line by line. Without a process of its own: test/binary and the pages start one for each target. */
export async function setup(
  target: string,
  url: string,
  ...args: readonly string[]
): Promise<{ readonly said: readonly string[]; readonly code: number | null; readonly stdout: string }> {
  const env = {
    PORTLOG_GRAFANA_BEARER: 'token',
    PORTLOG_WAZUH_USER: 'wazuh-wui',
    PORTLOG_WAZUH_PASSWORD: 'secret',
    [`PORTLOG_${target.toUpperCase().replaceAll('-', '_')}_URL`]: url,
  };
  const { stderr, stdout, code } = await portlog(['setup', target, ...args], { env });
  return {
    said: stderr
      .trim()
      .split('\n')
      .map((line) => line.replace(/^portlog: /, '')),
    code,
    stdout,
  };
}
