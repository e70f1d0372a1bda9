import type { FileOptions } from '../options.ts';
import { NARROWING, PATH, ROTATION, type SinkSettings } from '../settings.ts';

export interface FileSinkOptions extends FileOptions {
  readonly type: 'file';
}

export const FILE_SETTINGS: SinkSettings = {
  type: 'file',
  description: 'A file of JSON lines on this machine',
  properties: {
    ...PATH,
    ...ROTATION,
    ...NARROWING,
  },
};
