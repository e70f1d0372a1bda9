import { fingerprint } from './fingerprint.ts';

const MARK = /<!-- portlog (\w+) -->/;

/** A file for a manager, with a fingerprint at the end, so that set-up sees whether somebody has changed it. */
export function wazuhFile(text: string): string {
  return `${text}<!-- portlog ${fingerprintOf(text)} -->\n`;
}

/** The fingerprint of such a file, also of an older version; undefined when the file was changed. */
export function wazuhFingerprint(text: string): string | undefined {
  const stated = MARK.exec(text)?.[1];
  return stated === fingerprintOf(text.replace(MARK, '')) ? stated : undefined;
}

/** Ignores white space, because a manager may change the layout. */
function fingerprintOf(text: string): string {
  return fingerprint(text.replaceAll(/\s+/g, ''));
}
