import { APP_NAME } from '../event/syslog.ts';
import { fingerprint } from './fingerprint.ts';

const MARK = /<!-- portlog (\w+) -->/;

/**
 * The decoder for `etc/decoders/`, of Wazuh 4: finds the JSON behind the header of RFC 3164 that the sink writes to a
 * syslog. Lines of a file, and events of the API, need none.
 * https://documentation.wazuh.com/current/user-manual/ruleset/ruleset-xml-syntax/decoders.html
 */
export function wazuhDecodersFile(): string {
  return wazuhFile(`<!-- Decoder of portlog for Wazuh 4: its events behind a syslog header. Made from src/content/ by npm run generate. -->
<decoder name="${APP_NAME}">
  <program_name>^${APP_NAME}$</program_name>
</decoder>

<decoder name="${APP_NAME}">
  <parent>${APP_NAME}</parent>
  <prematch>^{</prematch>
  <plugin_decoder>JSON_Decoder</plugin_decoder>
</decoder>
`);
}

/** With a fingerprint at the end, so that set-up sees whether somebody has changed the file. */
export function wazuhFile(text: string): string {
  return `${text}<!-- portlog ${fingerprintOf(text)} -->\n`;
}

/** Whether it is as portlog once wrote it, if maybe an older one. */
export function isUnchangedWazuhFile(text: string): boolean {
  return MARK.exec(text)?.[1] === fingerprintOf(text.replace(MARK, ''));
}

/** A manager may lay it out in another way. */
function fingerprintOf(text: string): string {
  return fingerprint(text.replaceAll(/\s+/g, ''));
}
