import { readFileSync } from 'node:fs';

interface Entry {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
  readonly link?: boolean;
}

export interface NeededPackage {
  /** `node_modules/ajv`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** The runtime dependencies according to package-lock.json: they are in the package, and in the single program. */
export function neededPackages(): readonly NeededPackage[] {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { readonly packages: Readonly<Record<string, Entry>> };
  return Object.entries(packages).flatMap(([path, { version = '', license = '', dev, devOptional, optional, peer, link }]) => {
    const isNeeded = path.startsWith('node_modules/') && [dev, devOptional, optional, peer, link].every((flag) => flag !== true);
    return isNeeded ? [{ path, name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), version, license }] : [];
  });
}
