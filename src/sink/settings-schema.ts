import { SINK_SETTINGS } from './kinds.ts';
import type { SettingSchema, SinkSettings } from './settings.ts';

/** JSON Schema of `sinks` in the configuration file; the allowed settings depend on `type`. */
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
