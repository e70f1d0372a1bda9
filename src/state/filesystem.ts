import { statfsSync } from 'node:fs';

export interface Filesystem {
  /** Its name, or its magic number when it is not in the list. */
  readonly name: string;
  /** Shared with other machines, on which SQLite's write-ahead log does not work. */
  readonly network: boolean;
  /** Its content is gone after a restart. */
  readonly ephemeral: boolean;
  /** Certainly local, so that file times are by this machine's clock. */
  readonly local: boolean;
}

/** `f_type` of statfs(2): https://man7.org/linux/man-pages/man2/statfs.2.html */
const KNOWN: Readonly<Record<number, readonly [name: string, kind: 'network' | 'ephemeral' | 'local']>> = {
  0x6969: ['nfs', 'network'],
  0x517b: ['smb', 'network'],
  0xff534d42: ['cifs', 'network'],
  0xfe534d42: ['smb2', 'network'],
  0x5346414f: ['afs', 'network'],
  0x00c36400: ['ceph', 'network'],
  0x01021997: ['9p', 'network'],
  0x0bd00bd0: ['lustre', 'network'],
  0x01021994: ['tmpfs', 'ephemeral'],
  0x858458f6: ['ramfs', 'ephemeral'],
  0x794c7630: ['overlay', 'ephemeral'],
  0xef53: ['ext4', 'local'],
  0x58465342: ['xfs', 'local'],
  0x9123683e: ['btrfs', 'local'],
  0x2fc12fc1: ['zfs', 'local'],
  0xf2f52010: ['f2fs', 'local'],
};

export function filesystemOf(path: string): Filesystem {
  return describeFilesystem(statfsSync(path).type);
}

export function describeFilesystem(magic: number): Filesystem {
  const [name, kind] = KNOWN[magic >>> 0] ?? [`0x${(magic >>> 0).toString(16)}`, undefined];
  return { name, network: kind === 'network', ephemeral: kind === 'ephemeral', local: kind === 'local' || kind === 'ephemeral' };
}
