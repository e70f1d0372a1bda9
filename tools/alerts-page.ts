import { kibanaRules } from '../src/content/kibana-rules.ts';
import { lokiRuleGroup } from '../src/content/loki-rules.ts';
import { lucene } from '../src/content/lucene.ts';
import { grafanaRules } from '../src/content/grafana-rules.ts';
import { opensearchMonitors } from '../src/content/opensearch-monitors.ts';
import { DEFAULT_CONTENT } from '../src/content/options.ts';
import { type AlertRule, serverId } from '../src/alert/rule.ts';
import { ALERT_RULES } from '../src/alert/rules.ts';
import { wazuhIds } from '../src/content/wazuh-rules.ts';

const INTRO = `# Alert rules

<!-- Made from src/content/ by npm run generate. -->

The same rules under the same ids in every server; each with a runbook that says what to do. They look at \`nmap.change\`, \`nmap.scan\`
and \`nmap.health\` only, by the time at which events arrive: a scan of yesterday that comes today alerts, and what is open every night does
not alert every night. How to install them: [Kibana](../how-to/elastic.md), [Grafana and Loki](../how-to/grafana-loki.md), [Wazuh](../how-to/wazuh.md).

`;

const OUTRO = `
An alert is one for each **key**: what comes again within the window is the same alert. It stands for the **window**, then it ends; the
**throttle** is how soon the same is told again while it stands (in Kibana: set it at the rule's action; for Alertmanager: the label
\`throttle\`).
`;

/** Every rule, what it asks, and where it is. */
export function alertsPage(): string {
  const rows = ALERT_RULES.map(
    (rule) =>
      `| [${rule.id}](../runbooks/${rule.id}.md) | ${rule.severity} | ${rule.about} | \`${conditionOf(rule)}\` | ${hours(rule.windowHours)} | ${hours(rule.throttleHours)} |`,
  );
  const more = ALERT_RULES.map(
    ({ id, key, mitre, compliance }) =>
      `| ${id} | ${key.map((field) => `\`${field}\``).join(', ')} | ${mitre.map(({ technique }) => technique).join(', ')} | ${Object.entries(
        compliance,
      )
        .map(([standard, items]) => `${standard}: ${items.join(', ')}`)
        .join('; ')} |`,
  );
  return `${INTRO}| rule | severity | the question | condition | window | throttle |
|---|---|---|---|---|---|
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
