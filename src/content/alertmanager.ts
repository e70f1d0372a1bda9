import { stringify } from 'yaml';
import { ALERT_RULES } from '../alert/rules.ts';

const HEAD = `# An example for Alertmanager: where the alerts of Loki's ruler go, and how often. Made from src/content/ by npm run generate.
# The address of the webhook is yours to set; https://prometheus.io/docs/alerting/latest/configuration/ names other receivers.
`;

/** One message per rule and site; repeated after the rule's throttle. */
export function alertmanagerExample(): string {
  const throttles = [...new Set(ALERT_RULES.map(({ throttleHours }) => throttleHours))].toSorted((a, b) => a - b);
  return (
    HEAD +
    stringify({
      route: {
        receiver: 'portlog',
        group_by: ['alertname', 'site'],
        group_wait: '30s',
        group_interval: '5m',
        repeat_interval: '24h',
        routes: throttles.map((hours) => ({ matchers: [`throttle="${hours}h"`], receiver: 'portlog', repeat_interval: `${hours}h` })),
      },
      // An alert ends when its window has passed, which is not worth a message.
      receivers: [{ name: 'portlog', webhook_configs: [{ url: 'http://127.0.0.1:9095/', send_resolved: false }] }],
    })
  );
}
