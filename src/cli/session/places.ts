import type { Config } from '../../config/config.ts';
import { type Values, variableOf } from '../option.ts';

/** Settings of the configuration file that have an option, by the option's name. */
export const SETTINGS: Readonly<Record<string, (config: Config) => readonly [name: string, value: unknown]>> = {
  'site': ({ site }) => ['site', site],
  'sensor': ({ sensor }) => ['sensor', sensor],
  'namespace': ({ namespace }) => ['namespace', namespace],
  'all': ({ all }) => ['all', all],
  'tag': ({ tags }) => ['tags', tags],
  'label': ({ labels }) => ['labels', labels],
  'state-dir': ({ stateDir }) => ['stateDir', stateDir],
  'retry-for-seconds': ({ retryForSeconds }) => ['retryForSeconds', retryForSeconds],
  'spool-max-mib': ({ spool }) => ['spool.maxMib', spool?.maxMib],
  'spool-max-age-days': ({ spool }) => ['spool.maxAgeDays', spool?.maxAgeDays],
  'spool-when-full': ({ spool }) => ['spool.whenFull', spool?.whenFull],
  'confirm-scans': ({ changes }) => ['changes.confirmScans', changes?.confirmScans],
  'mass-change': ({ changes }) => ['changes.massChange', changes?.massChange],
  'intel-dir': ({ intelDir }) => ['intelDir', intelDir],
  'exposure': ({ exposure }) => ['exposure', exposure],
  'metrics-listen': ({ metrics }) => ['metrics.listen', metrics?.listen],
  'metrics-file': ({ metrics }) => ['metrics.file', metrics?.file],
};

interface Message {
  readonly message: string;
  readonly hint: string | undefined;
}

/** Where the value of an option was set. */
interface Place {
  /** `PORTLOG_SITE`, or `site`. */
  readonly name: string;
  /** `is set in PORTLOG_SITE`, or `is set as site in portlog.yaml`. */
  readonly where: string;
  readonly value: unknown;
}

/** Shorter values are not searched in messages, because they occur in any sentence. */
const MIN_SEARCHED_LENGTH = 3;

/** Knows where values were set. Messages then name the variable or setting, rather than an option that the user has not typed. */
export class Places {
  private readonly typed: Values;
  private readonly byOption = new Map<string, Place>();

  /** `inherited`: values from the environment. */
  constructor(typed: Values, inherited: Values) {
    this.typed = typed;
    for (const [option, value] of Object.entries(inherited)) {
      const name = variableOf(option);
      this.add(option, { name, where: `is set in ${name}`, value });
    }
  }

  /** Adds the settings of the file that neither arguments nor environment set. */
  read(path: string, config: Config): void {
    for (const [option, settingOf] of Object.entries(SETTINGS)) {
      const [name, value] = settingOf(config);
      if (value !== undefined) this.add(option, { name, where: `is set as ${name} in ${path}`, value });
    }
  }

  /** The same message with those names, and with the place of a quoted value if the message does not say it. */
  placed({ message, hint }: Message): Message {
    const [renamed, way] = [this.renamed(message), hint === undefined ? undefined : this.renamed(hint)];
    const origin = renamed === message && way === hint ? this.originOf(message) : undefined;
    if (origin === undefined) return { message: renamed, hint: way };
    return { message, hint: way === undefined ? `that ${origin}` : `${way}; that ${origin}` };
  }

  private add(option: string, place: Place): void {
    if (this.typed[option] === undefined && !this.byOption.has(option)) this.byOption.set(option, place);
  }

  /** What stands in a command that is to be typed is left as it is. An example of a value stands behind the `=` of a variable. */
  private renamed(text: string): string {
    return text.replace(/\bportlog (?:[a-z]+ ){0,2}-[^;,()]*|--([a-z-]+)( (?=[^\s:]*=))?/g, (whole, option?: string, gap = '') => {
      const name = option === undefined ? undefined : this.byOption.get(option)?.name;
      return name === undefined ? whole : `${name}${gap !== '' && name.startsWith('PORTLOG_') ? '=' : gap}`;
    });
  }

  /** The place of the first value that the message quotes. */
  private originOf(message: string): string | undefined {
    return [...this.byOption.values()].find(({ value }) => [value].flat().some((one) => typeof one === 'string' && isIn(message, one)))?.where;
  }
}

function isIn(message: string, value: string): boolean {
  return value.length >= MIN_SEARCHED_LENGTH && message.includes(value);
}
