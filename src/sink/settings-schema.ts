import { SINK_SETTINGS } from './kinds.ts';
import type { SettingSchema, SinkSettings } from './settings.ts';

/** `sinks` of the configuration file, in JSON Schema: what may stand there depends on the kind. */
export function sinksSchema(): SettingSchema {
  return {
    type: 'array',
    items: {
      type: 'object',
      discriminator: { propertyName: 'type' },
      oneOf: Object.values(SINK_SETTINGS).map(settingsSchema),
    },
  };
}

function settingsSchema({ type, description, properties }: SinkSettings): SettingSchema {
  return { type: 'object', description, additionalProperties: false, required: ['type'], properties: { type: { const: type }, ...properties } };
}
