import { type Fault, faultInWords, inspectTargets, UNKNOWN } from './write-targets.ts';
import { INDEX_TEMPLATES, effectiveTemplate, MAPPINGS, templatesIn } from './templates.ts';
import { counted } from '../../event/text.ts';
import { shownWay } from '../shown.ts';
import type { BulkServer } from './server.ts';
import type { HttpAnswer, HttpClient } from '../transport/http.ts';
import { type Diagnosis, SinkError } from '../sink.ts';

export interface BulkPlace {
  readonly client: HttpClient;
  readonly server: BulkServer;
  readonly namespace: string;
  readonly caFile: string | undefined;
  /** The credentials may not check the set-up, and the user vouches for it (`trustSetUp`). */
  readonly isTrusted: boolean;
  refusal(answer: HttpAnswer): SinkError;
}

/**
 * Checks whether templates are installed on a server. Documents that arrive before would get guessed field types for ever, so
 * nothing is sent until the set-up is right; checked again each time.
 */
export class SetUp {
  private readonly to: BulkPlace;
  private asked: Promise<void> | undefined;
  private isRight = false;

  constructor(to: BulkPlace) {
    this.to = to;
  }

  /** Throws a permanent {@link SinkError} unless the set-up is right. */
  async require(signal: AbortSignal): Promise<void> {
    if (this.isRight) return;
    this.asked ??= this.ask(signal).finally(() => (this.asked = undefined));
    await this.asked;
  }

  /** Checks again before the next batch. */
  forget(): void {
    this.isRight = false;
  }

  /** Diagnoses of the set-up, with an error unless it is right. */
  async look(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const found = await this.findings(signal);
    this.isRight = found.every(({ level }) => level !== 'error');
    return found;
  }

  private async ask(signal: AbortSignal): Promise<void> {
    const problem = (await this.look(signal)).find(({ level }) => level === 'error');
    if (problem !== undefined) throw new SinkError('permanent', problem.message, { hint: problem.hint });
  }

  private async findings(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const templates = await this.templates(signal);
    if (templates.level !== 'ok') return [templates];
    return [templates, ...(await this.types(signal))];
  }

  private async templates(signal: AbortSignal): Promise<Diagnosis> {
    const { client, namespace } = this.to;
    const { origin } = client.url;
    const answer = await client.request({ method: 'GET', path: INDEX_TEMPLATES }, signal);
    if (answer.status === 403) return this.unseen(answer);
    if (answer.status !== 200 && answer.status !== 404) throw this.to.refusal(answer);
    const all = answer.status === 200 ? templatesIn(`${origin} to GET /_index_template`, answer.body) : [];
    const others = [`logs-nmap.port-${namespace}`, `nmap-inventory-${namespace}`].flatMap((name) => {
      const inForce = effectiveTemplate(name, all);
      return inForce?.isOurs === true ? [] : [{ name, inForce }];
    });
    const [first] = others;
    if (first === undefined) return { level: 'ok', message: 'index templates "logs-nmap" and "nmap-inventory" are in force' };
    const isThere = all.some(({ isOurs }) => isOurs);
    if (first.inForce !== undefined && isThere)
      return {
        level: 'error',
        message: `${origin} uses its index template "${first.inForce.name}" (priority ${first.inForce.priority}) for ${first.name}, not portlog's`,
        hint: `give "${first.inForce.name}" a lower priority or other patterns, or the component template ${MAPPINGS}`,
      };
    const missing = others.map(({ name }) => (name.startsWith('logs-') ? '"logs-nmap"' : '"nmap-inventory"')).join(' and no ');
    return {
      level: 'error',
      message: `${origin} has no index template ${missing} of portlog, so fields would be mapped by guess; nothing is sent until it has`,
      hint: setupCommand(this.to),
    };
  }

  private unseen({ status }: HttpAnswer): Diagnosis {
    const { client, server, isTrusted } = this.to;
    const message = `these credentials may not see the index templates of ${client.url.origin} (${status})`;
    if (isTrusted) return { level: 'warning', message: `${message}; portlog assumes that they are there, because of trustSetUp` };
    return {
      level: 'error',
      message: `${message}, so whether it is set up is not known; until it is, nothing is sent`,
      hint: `${server.checkHint}, or trustSetUp: true at this sink in the configuration`,
    };
  }

  /** Diagnoses of field types in existing indices, which never change. */
  private async types(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const { client, server, namespace } = this.to;
    const seen = await inspectTargets(client, namespace, (answer) => this.to.refusal(answer), signal);
    if (seen === UNKNOWN)
      return [
        {
          level: 'warning',
          message: 'these credentials may not see the types of fields in what is there already; portlog assumes that they are right',
          hint: server.checkHint,
        },
      ];
    const { places, faults } = seen;
    const grave = faults.filter(({ hasWrongTypes }) => hasWrongTypes);
    if (grave.length > 0)
      return [
        {
          level: 'error',
          message: `${client.url.origin} keeps fields with other types than portlog's: ${grave.map(faultInWords).join('; ')}; until that is fixed, nothing is sent`,
          hint: `${setupCommand(this.to)} --repair`,
        },
      ];
    if (faults.length > 0) return [older(faults, setupCommand(this.to))];
    const message =
      places.length === 0
        ? `no data stream and no inventory index of "${namespace}" is there yet: the first events make them, with the types of portlog`
        : `${counted(places.length, 'data stream or inventory index', 'data streams and inventory indices')} of "${namespace}" ${places.length === 1 ? 'has' : 'have'} the types of portlog`;
    return [{ level: 'ok', message }];
  }
}

function setupCommand({ client: { url }, server, caFile }: BulkPlace): string {
  return `run: portlog setup ${server.type} --url ${shownWay(url, caFile)}`;
}

function older(faults: readonly Fault[], hint: string): Diagnosis {
  return {
    level: 'warning',
    message: `made by an older portlog, and so without some fields: ${faults.map(faultInWords).join('; ')}`,
    hint,
  };
}
