import { kibanaRules } from '../../../src/content/kibana-rules.ts';
import { lokiRuleGroup } from '../../../src/content/loki-rules.ts';
import { lucene } from '../../../src/content/lucene.ts';
import { grafanaRules } from '../../../src/content/grafana-rules.ts';
import { opensearchMonitors } from '../../../src/content/opensearch-monitors.ts';
import { DEFAULT_CONTENT } from '../../../src/content/options.ts';
import { type AlertRule, serverId } from '../../../src/alert/rule.ts';
import { ALERT_RULES } from '../../../src/alert/rules.ts';
import { wazuhIds } from '../../../src/content/wazuh-rules.ts';

const INTRO = `# Alert rules

<!-- Made from src/content/ by npm run generate. -->

The same rules, under the same ids, in every server; each has a runbook that says what to do. They fire on \`nmap.change\`, \`nmap.scan\` and \`nmap.health\` only,
so what is open every night alerts once, and they go by the time at which events arrive, so a scan of yesterday that comes today alerts. How to install them: [which way of alerting suits whom](../how-to/alerts.md).

The severity here is that of the alert: how soon somebody should look at this kind of event. A weakness has [one of its own](words.md#two-severities).

`;

const OUTRO = `
**Key**: events with the same values in these fields are one alert. **Window**: how far a rule looks back, and so how long an alert lasts that nothing ends. **Throttle**: how soon an alert that still lasts
is sent again (Kibana: set it at the rule's action; Alertmanager: route on the label \`throttle\`).
`;

/** Every rule, what it means, and its name in each server. */
export function alertsPage(): string {
  const rows = ALERT_RULES.map(
    (rule) =>
      `| [${rule.id}](../runbooks/${rule.id}.md) | ${rule.title} | ${rule.severity} | ${rule.about} | \`${conditionOf(rule)}\` | ${hours(rule.windowHours)} | ${hours(rule.throttleHours)} |`,
  );
  const more = ALERT_RULES.map(
    ({ id, key, mitre, compliance }) =>
      `| ${id} | ${key.map((field) => `\`${field}\``).join(', ')} | ${mitre.map(({ technique }) => technique).join(', ')} | ${Object.entries(
        compliance,
      )
        .map(([standard, items]) => `${standard}: ${items.join(', ')}`)
        .join('; ')} |`,
  );
  return `${INTRO}| rule | title | severity | what it means | condition | window | throttle |
|---|---|---|---|---|---|---|
${rows.join('\n')}
${OUTRO}
## Keys, techniques, requirements

| rule | key | [MITRE ATT&CK](https://attack.mitre.org) | helps to watch |
|---|---|---|---|
${more.join('\n')}

## Where each rule is

| rule | Kibana | OpenSearch | Grafana | Loki | Wazuh |
|---|---|---|---|---|---|
${parity().join('\n')}
`;
}

function conditionOf({ dataset, where, absentForHours }: AlertRule): string {
  const condition = `${dataset}: ${lucene(where)}`;
  return absentForHours === undefined ? condition : `nothing for ${absentForHours} h of ${condition}`;
}

function parity(): readonly string[] {
  const kibana = kibanaRules(DEFAULT_CONTENT);
  const wazuh = wazuhIds(DEFAULT_CONTENT);
  const monitors = opensearchMonitors(DEFAULT_CONTENT);
  const [grafana, loki] = [grafanaRules(DEFAULT_CONTENT), lokiRuleGroup(DEFAULT_CONTENT).rules];
  return ALERT_RULES.map((rule) => {
    const id = serverId(rule);
    const inKibana = kibana.find(({ tags }) => tags.includes(id))?.name ?? '–';
    const inGrafana = grafana.find(({ uid }) => uid === id)?.uid ?? '–';
    const inLoki = loki.find(({ labels }) => labels['rule'] === id)?.alert ?? '–';
    return `| ${rule.id} | ${inKibana} | ${monitors.get(rule.id)?.name ?? '–'} | ${inGrafana} | ${inLoki} | ${wazuh.get(rule.id)?.join(', ') ?? '– (knows no absence)'} |`;
  });
}

function hours(count: number): string {
  return count % 24 === 0 ? `${count / 24} d` : `${count} h`;
}
