import { afterAll } from 'vitest';
import { removeDirs } from './fresh-dir.ts';

afterAll(removeDirs);
