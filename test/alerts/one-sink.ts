/** What runs have delivered, as if to Elasticsearch alone: where there is a Loki, they deliver to both. */
export function ofOneSink(text: string, hasLoki: boolean): string {
  const sinks = hasLoki ? 2 : 1;
  return text
    .replaceAll(/("nmap\.delivery\.delivered":)(\d+)/g, (_, name: string, sum: string) => `${name}${Number(sum) / sinks}`)
    .replaceAll(/; loki http:\/\/SERVER [^"]*/g, '');
}

/** As if to Loki alone: there is an Elasticsearch beside it here, and not in the tests without servers (test/long/grafana.test.ts). */
export function withoutOtherSink(text: string): string {
  return text
    .replaceAll(/elasticsearch https:\/\/SERVER: read \d+ = delivered \d+; /g, '')
    .replaceAll(/("site":"headquarters","value":)312/g, '$1156');
}
