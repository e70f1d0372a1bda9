import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { openSink, openStore } from 'portlog';
import { sinkExporter } from 'portlog/exporter';

// A program's own log records, delivered as portlog delivers events: to a Collector, and to disk while that is down.
const [url = 'http://127.0.0.1:4318', stateDir = './state'] = process.argv.slice(2);
const exporter = sinkExporter(await openSink('otlp', url), { store: openStore(stateDir, 'own-logs') });
// The SDK drops what its queue does not hold: room for a burst.
const processor = new BatchLogRecordProcessor({ exporter, maxQueueSize: 20_000, maxExportBatchSize: 1000 });
const provider = new LoggerProvider({ processors: [processor] });

const logger = provider.getLogger('own-logs', '1.0.0');
for (let i = 0; i < 10_000; i++) logger.emit({ severityNumber: 9, severityText: 'INFO', body: `burst ${i}`, attributes: { number: i } });
await provider.shutdown();
