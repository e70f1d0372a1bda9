import { APP_NAME } from '../event/syslog.ts';
import { wazuhFile } from './wazuh-file.ts';

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
