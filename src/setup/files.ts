import { packageText } from '../core/package-files.ts';

/** A file of schemas/elasticsearch/ or schemas/opensearch/, and where it goes. */
export interface SetupFile {
  readonly file: string;
  readonly path: string;
  readonly what: string;
  /** Belongs to the user: created once and never changed. */
  readonly isCustom?: true;
  /** What depends on it: data streams, the inventory when its index is created, or every index with documents. */
  readonly use: 'streams' | 'inventory' | 'all';
}

type Store = 'elasticsearch' | 'opensearch';

type Use = SetupFile['use'];

const component = (file: string, name: string, use: Use): SetupFile => ({
  file,
  path: `/_component_template/${name}`,
  what: `component template ${name}`,
  use,
});
const index = (file: string, name: string, use: Use): SetupFile => ({ file, path: `/_index_template/${name}`, what: `index template ${name}`, use });

const PARTS: readonly SetupFile[] = [
  { file: 'pipeline.json', path: '/_ingest/pipeline/logs-nmap@pipeline', what: 'ingest pipeline logs-nmap@pipeline', use: 'all' },
  component('component-mappings.json', 'logs-nmap@mappings', 'streams'),
  component('component-settings.json', 'logs-nmap@settings', 'streams'),
];
const WHOLE: readonly SetupFile[] = [
  index('index-template.json', 'logs-nmap', 'streams'),
  index('inventory-template.json', 'nmap-inventory', 'inventory'),
];
/** Templates for the user's own mappings and settings. OpenSearch refuses references to missing templates, so they are created empty. */
const CUSTOM: readonly SetupFile[] = [
  { ...component('custom.json', 'logs-nmap@custom', 'streams'), isCustom: true },
  { ...component('inventory-custom.json', 'nmap-inventory@custom', 'inventory'), isCustom: true },
];

/** What is installed, in this order, because each refers to those before it. */
export const SETUP_FILES: Readonly<Record<Store, readonly SetupFile[]>> = {
  elasticsearch: [...PARTS, ...WHOLE],
  opensearch: [...PARTS, ...CUSTOM, ...WHOLE],
};

/** The JSON text of one of them. */
export function setupFileText(store: Store, { file }: Pick<SetupFile, 'file'>): string {
  return packageText(`schemas/${store}/${file}`);
}
