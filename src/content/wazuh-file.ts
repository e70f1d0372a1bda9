import { fingerprint } from './fingerprint.ts';

const MARK = /<!-- portlog (\w+) -->/;

/** A file for a manager, with a fingerprint at the end, so that set-up sees whether somebody has changed it. */
export function wazuhFile(text: string): string {
  return `${text}<!-- portlog ${fingerprintOf(text)} -->\n`;
}

/** The fingerprint of such a file, if maybe an older one; undefined when somebody has changed it. */
export function wazuhFingerprint(text: string): string | undefined {
  const stated = MARK.exec(text)?.[1];
  return stated === fingerprintOf(text.replace(MARK, '')) ? stated : undefined;
}

/** A manager may lay it out in another way. */
function fingerprintOf(text: string): string {
  return fingerprint(text.replaceAll(/\s+/g, ''));
}
