import { describe, expect, test } from 'vitest';
import { diff, networkOf, one, tcp } from '../support/compared.ts';
import { certificate, hostKeys } from '../support/script-output.ts';
import { ssh } from '../support/lab-scan.ts';
import { World } from '../support/world.ts';

/* What identifies a server: the host key of SSH, the certificate of TLS. */

type Key = readonly [type: string, key: string];

const ED: Key = ['ssh-ed25519', 'AAAAC3NzaC1lZDI1NTE5AAAAIOld'];
const ED_NEW: Key = ['ssh-ed25519', 'AAAAC3NzaC1lZDI1NTE5AAAAINew'];
const RSA: Key = ['ssh-rsa', 'AAAAB3NzaC1yc2EAAAADAQABAAABOld='];
const RSA_NEW: Key = ['ssh-rsa', 'AAAAB3NzaC1yc2EAAAADAQABAAABNew='];

/** As `ssh-keygen -l` shows them. */
const SHOWN: Readonly<Record<string, string>> = {
  [ED[1]]: 'SHA256:JQZ/HuFPiqnQiyL6zu3b1nH3uXPppB5OVLUvlOIyGHc',
  [ED_NEW[1]]: 'SHA256:uawnr2rVM6Cy2glObAy/zPLf+JC3mJ5pT2mYuf+/i7I',
};

const server = (...keys: readonly Key[]): string => networkOf(one(tcp(22, 'open', `${ssh('9.6')}${keys.length === 0 ? '' : hostKeys(...keys)}`)));
/** What happened on nights with these scans, a day apart. */
async function told(...nights: readonly string[]): Promise<readonly string[]> {
  const world = new World();
  for (const [night, text] of nights.entries())
    await world.ship(text.replaceAll(/17600000(\d\d)/g, (_, seconds: string) => String(1_760_000_000 + night * 86_400 + Number(seconds))));
  return world.changes().map(({ action }) => action);
}

const closed = networkOf(one(tcp(22, 'closed')));
const changes = (...scans: readonly [string, string]): readonly { readonly action: string; readonly message: string }[] => diff(...scans).changes;

describe('an SSH host key', () => {
  test('that has changed is reported with both fingerprints, as ssh shows them', () => {
    const [change, ...rest] = diff(server(ED, RSA), server(ED_NEW, RSA)).changes;
    expect(rest).toEqual([]);
    expect(change).toMatchObject({
      action: 'host-key-changed',
      message: `192.0.2.7 22/tcp has another SSH host key: ssh-ed25519 ${SHOWN[ED_NEW[1]]}, was ${SHOWN[ED[1]]}`,
      before: { hostKeys: [`ssh-ed25519 ${SHOWN[ED[1]]}`] },
      after: { hostKeys: [`ssh-ed25519 ${SHOWN[ED_NEW[1]]}`] },
    });
  });

  test('of each type that has changed is reported at once', () => {
    const [change, ...rest] = diff(server(ED, RSA), server(RSA_NEW, ED_NEW)).changes;
    expect(rest).toEqual([]);
    expect(change?.message).toMatch(/ has another SSH host key: ssh-ed25519 SHA256:\S+, was SHA256:\S+ \(others as well: ssh-rsa\)$/);
    expect(change?.after.hostKeys).toEqual([`ssh-ed25519 ${SHOWN[ED_NEW[1]]}`, expect.stringMatching(/^ssh-rsa SHA256:/)]);
  });

  test('in another order, of a type that is missing or new, or that was not asked for, has not changed', () => {
    const whole = server(ED, RSA);
    for (const other of [server(RSA, ED), server(ED), server(RSA), server()]) {
      expect(changes(whole, other)).toEqual([]);
      expect(changes(other, whole)).toEqual([]);
    }
  });

  test('of another type, without any of the known types, has changed', async () => {
    const [change, ...rest] = diff(server(ED), server(RSA)).changes;
    expect(rest).toEqual([]);
    expect(change).toMatchObject({
      action: 'host-key-changed',
      message: expect.stringMatching(
        /^192\.0\.2\.7 22\/tcp shows an SSH host key of another type, and none of the known ones: ssh-rsa SHA256:\S+, was ssh-ed25519 SHA256:\S+$/,
      ) as unknown,
      before: { hostKeys: [`ssh-ed25519 ${SHOWN[ED[1]]}`] },
    });
    expect(await told(server(ED), server(RSA), server(ED), server(RSA))).toEqual(['baseline', 'host-key-changed']);
  });

  test('is compared with the last one that was seen, whatever was scanned in between', async () => {
    const silent = { plain: server(), another: server(RSA), closed };
    for (const [name, middle] of Object.entries(silent))
      expect([name, await told(server(ED), middle, server(ED_NEW))]).toEqual([name, expect.arrayContaining(['host-key-changed'])]);
  });

  test('that cannot be read is none', () => {
    const odd = server(['__proto__', ED[1]], ['constructor', 'no base64 at all'], ['ssh-ed25519', '']);
    // Its MD5 is left, which cannot be compared with SHA-256.
    expect(changes(odd, server(ED))).toEqual([]);
    expect(changes(server(ED), odd)).toEqual([]);
  });
});

describe('a certificate', () => {
  const https = (sha1: string, until: string): string => networkOf(one(tcp(443, 'open', certificate({ sha1, until: `${until}T00:00:00` }))));

  test('that has changed is reported with the one before', () => {
    expect(changes(https('aa', '2026-09-01'), https('bb', '2027-09-01')).map(({ message }) => message)).toEqual([
      '192.0.2.7 443/tcp has another certificate: CN=www.example.net, until 2027-09-01, was CN=www.example.net, until 2026-09-01',
    ]);
  });
});

test('what one of two runs in a file says of a service holds beside the other', () => {
  const mixed = server(ED) + server();
  expect(changes(mixed, server(ED_NEW)).map(({ action }) => action)).toEqual(['host-key-changed']);
  expect(changes(closed, mixed).map(({ action }) => action)).toEqual(['port-opened']);
});
