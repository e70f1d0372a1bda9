import { describe, expect, test } from 'vitest';
import { defaultStateDir } from '../../src/cli/session/options.ts';

const user = (home: string | undefined) => (): string | undefined => home;

describe('where the state is by default', () => {
  test.for<readonly [env: Readonly<Record<string, string>>, ofUser: string | undefined, folder: string]>([
    [{ HOME: '/home/me' }, '/root', '/home/me/.local/state/portlog'],
    [{ HOME: '/home/me', XDG_STATE_HOME: '/state' }, '/root', '/state/portlog'],
    [{ HOME: '/home/me', XDG_STATE_HOME: '' }, '/root', '/home/me/.local/state/portlog'],
    [{ HOME: '/home/me', XDG_STATE_HOME: 'state' }, '/root', '/home/me/.local/state/portlog'],
    [{ HOME: '' }, '/root', '/root/.local/state/portlog'],
    [{ HOME: 'me' }, '/root', '/root/.local/state/portlog'],
    [{}, '/root', '/root/.local/state/portlog'],
    [{}, undefined, '/var/lib/portlog'],
    [{}, '', '/var/lib/portlog'],
  ])('%o of a user with %s', ([env, ofUser, folder]) => {
    expect(defaultStateDir(env, user(ofUser))).toBe(folder);
  });
});
