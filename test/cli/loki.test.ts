import { describe } from 'vitest';
import { startFakeLoki } from '../support/fake-loki.ts';
import { lokiScenarios } from '../support/loki-scenarios.ts';

describe('a stand-in that answers as Loki does', () => lokiScenarios(startFakeLoki, true));
