import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * For servers that live for a minute: what compiles and collects as for months costs more than it gives. Elasticsearch is ready after
 * 11 s of processor time instead of 22.
 */
export const SHORT_LIVED: readonly string[] = [
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  // Classes of a release are right; to verify each takes another sixth.
  '-XX:+UnlockDiagnosticVMOptions',
  '-XX:-BytecodeVerificationRemote',
];

/** The home of a Java that Elasticsearch 9 and OpenSearch 3 run on. */
export function findJava(): string {
  const folder = '/usr/lib/jvm';
  const first = readdirSync(folder).find((name) => Number(/(\d+)/.exec(name)?.[1] ?? 0) >= 21);
  if (first === undefined) throw new Error(`no Java 21 or newer in ${folder}: install one (Debian: openjdk-21-jdk-headless, or Temurin 25)`);
  return join(folder, first);
}
