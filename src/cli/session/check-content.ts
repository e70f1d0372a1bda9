import { PortlogError } from '../../core/errors.ts';
import { shellWord } from '../../core/shell-word.ts';
import { timeLimit } from '../../core/deadline.ts';
import { NoRuler } from '../../setup/loki.ts';
import type { Step } from '../../setup/step.ts';
import { type Connection, type TargetName, TARGETS } from '../../setup/targets.ts';
import type { SinkOptions } from '../../sink/kinds.ts';
import { shownWay } from '../../sink/shown.ts';
import { type Diagnosis, SinkError } from '../../sink/sink.ts';
import { connected, connectTo, urlVariable } from './connect.ts';
import { contentOptions } from './content.ts';
import { type CommandContext, text } from './context.ts';

/** Servers that are not sinks; checked when the environment names their URL. */
const BESIDE = ['kibana', 'grafana', 'opensearch', 'opensearch-dashboards', 'wazuh', 'wazuh-dashboard'] as const;

const CONTENT_TIMEOUT_MS = 30_000;

/** Checks whether dashboards and alert rules are installed. */
export async function checkContent(context: CommandContext, sinks: readonly SinkOptions[]): Promise<readonly Diagnosis[]> {
  const content = await contentOptions(context);
  const servers: Server[] = [];
  for (const sink of sinks) {
    if (sink.type !== 'loki') continue;
    const connection = connected(sink, TARGETS.loki, content);
    servers.push({ name: 'loki', connection, setUp: `portlog setup loki --url ${shownWay(connection.client.url, sink.caFile)}` });
  }
  const caFile = text(context.values, 'ca-file');
  for (const name of BESIDE) {
    if (context.env[urlVariable(name)] === undefined) continue;
    const setUp = `portlog setup ${name}${caFile === undefined ? '' : ` --ca-file ${shellWord(caFile)}`}`;
    servers.push({ name, connection: await connectTo(context, name, TARGETS[name], content), setUp });
  }
  return Promise.all(servers.map(look));
}

interface Server {
  readonly name: TargetName;
  readonly connection: Connection;
  /** The command that installs what is missing. */
  readonly setUp: string;
}

async function look({ name, connection, setUp }: Server): Promise<Diagnosis> {
  const where = `${name} ${connection.client.url.origin}`;
  try {
    const steps = await TARGETS[name].plan(connection, { force: false, repair: false }, timeLimit(CONTENT_TIMEOUT_MS));
    return verdict(where, steps, setUp);
  } catch (error) {
    if (error instanceof NoRuler) return { level: 'ok', message: error.message };
    if (!(error instanceof PortlogError || error instanceof SinkError)) throw error;
    const { message, hint } = error;
    return {
      level: 'warning',
      message: `${where}: whether alert rules are there cannot be seen: ${message}`,
      hint,
    };
  } finally {
    await connection.client.close();
  }
}

function verdict(where: string, steps: readonly Step[], hint: string): Diagnosis {
  const count = (action: Step['action']): number => steps.filter((step) => step.action === action).length;
  if (count('create') > 0) return { level: 'warning', message: `${where}: portlog's dashboards or alert rules are missing`, hint };
  if (count('update') > 0)
    return { level: 'warning', message: `${where}: dashboards or alert rules are of another version, or were made with other options`, hint };
  const kept = count('kept') === 0 ? '' : `; ${count('kept')} of them changed by somebody`;
  return { level: 'ok', message: `${where}: dashboards and alert rules as portlog makes them${kept}` };
}
