import { createReadStream } from 'node:fs';
import { readScans, toEvents } from 'portlog';

const [path = new URL('loopback.xml', import.meta.url)] = process.argv.slice(2);

for await (const event of toEvents(readScans(createReadStream(path)))) {
  if (event.dataset === 'nmap.port') console.log(event.message);
}
