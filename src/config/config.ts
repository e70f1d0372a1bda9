import type { Dataset } from '../event/event.ts';
import type { RuleCategory } from '../finding/finding.ts';
import type { OtlpOptions } from '../sink/otlp/options.ts';
import type { SyslogOptions } from '../sink/syslog/options.ts';

/** What a configuration file may say: schemas/config.schema.json. */
export interface Config {
  readonly site?: string;
  readonly sensor?: string;
  readonly namespace?: string;
  readonly tags?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly all?: boolean;
  readonly stateDir?: string;
  readonly retryForSeconds?: number;
  readonly spool?: { readonly maxMib?: number; readonly maxAgeDays?: number; readonly whenFull?: 'block' | 'drop-oldest' };
  readonly intelDir?: string;
  readonly exposure?: string;
  readonly findings?: {
    readonly rules?: Readonly<Record<string, RuleConfig>>;
    readonly services?: readonly OwnService[];
    /** What happens with findings by port number alone. */
    readonly guesses?: 'store' | 'alert' | 'silence';
  };
  readonly changes?: {
    readonly confirmScans?: number;
    readonly massChange?: number;
    readonly service?: 'product' | 'version' | 'full';
    readonly macNetworks?: readonly string[];
  };
  readonly sites?: Readonly<Record<string, { readonly maxAgeHours?: number }>>;
  readonly metrics?: { readonly listen?: string | number; readonly file?: string };
  readonly schedules?: readonly ScheduleConfig[];
  readonly directories?: readonly DirectoryConfig[];
  readonly sinks?: readonly SinkConfig[];
}

/** A scan that `portlog run` starts by itself. */
interface ScheduleConfig {
  readonly name: string;
  readonly cron: string;
  readonly timeZone?: string;
  /** YAML reads `-p, 80` as a number. */
  readonly nmap: readonly (string | number)[];
  readonly site?: string;
  readonly maxHours?: number;
  readonly catchUp?: boolean;
}

/** A directory in which scan files appear. */
export interface DirectoryConfig {
  readonly path: string;
  readonly site?: string;
  readonly cutAfterMinutes?: number;
  /** Also search subdirectories. */
  readonly recursive?: boolean;
}

/** Settings of a rule; `zones`: exceptions by zone. */
export interface RuleConfig {
  readonly severity?: Level;
  readonly silence?: boolean;
  readonly zones?: Readonly<Record<string, Omit<RuleConfig, 'zones'>>>;
}

type Level = 'info' | 'low' | 'medium' | 'high' | 'critical';

/** A service in addition to the catalogue of risky services. */
interface OwnService {
  readonly id: string;
  readonly name: string;
  /** Which alert rule reports it. */
  readonly category?: RuleCategory;
  readonly ports: readonly string[];
  /** nmap's service names with version detection. */
  readonly services?: readonly string[];
  readonly severity: Level;
  readonly external?: Level;
  readonly why: string;
  readonly remedy: string;
}

/** Which events a destination gets. */
export interface OnlyConfig {
  readonly datasets?: readonly Dataset[];
  readonly rules?: readonly string[];
  readonly minSeverity?: Level;
  readonly zones?: readonly string[];
  readonly sites?: readonly string[];
}

export interface SinkConfig extends SecretSources {
  readonly type: string;
  /** Distinguishes destinations at the same address. */
  readonly name?: string;
  readonly url?: string;
  /** The members of a cluster. */
  readonly urls?: readonly string[];
  /** Path of a file. */
  readonly path?: string;
  readonly user?: string;
  readonly caFile?: string;
  readonly caOnly?: boolean;
  readonly allowPlaintext?: boolean;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly compression?: 'gzip' | 'none';
  readonly timeoutSeconds?: number;
  readonly datasets?: readonly Dataset[];
  readonly only?: OnlyConfig;
  readonly lifetimeHours?: number;
  readonly command?: readonly string[];
  readonly concurrency?: number;
  readonly runbooks?: string;
  readonly hostDashboard?: string;
  readonly tenant?: string;
  readonly streamLabels?: Readonly<Record<string, string>>;
  readonly rotateMib?: number;
  readonly keepFiles?: number;
  readonly fsync?: boolean;
  readonly trustSetUp?: boolean;
  readonly eventsPerSecond?: number;
  readonly encoding?: OtlpOptions['encoding'];
  readonly contentType?: string;
  readonly syslogFormat?: SyslogOptions['syslogFormat'];
  readonly framing?: SyslogOptions['framing'];
  readonly facility?: SyslogOptions['facility'];
  readonly maxMessageBytes?: number;
  readonly maxEventBytes?: number;
  readonly envelope?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The three ways to give a secret: as text, as a file, or as the output of a command. */
export interface SecretSources {
  readonly apiKey?: string;
  readonly apiKeyFile?: string;
  readonly apiKeyCommand?: readonly string[];
  readonly password?: string;
  readonly passwordFile?: string;
  readonly passwordCommand?: readonly string[];
  readonly bearer?: string;
  readonly bearerFile?: string;
  readonly bearerCommand?: readonly string[];
}
