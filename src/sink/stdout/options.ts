import type { CommonOptions } from '../options.ts';
import { NARROWING, type SinkSettings } from '../settings.ts';

export interface StdoutOptions extends CommonOptions {
  readonly type: 'stdout';
}

export const STDOUT_SETTINGS: SinkSettings = {
  type: 'stdout',
  description: 'Standard output',
  properties: {
    ...NARROWING,
  },
};
