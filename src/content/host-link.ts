/** The dashboard that is about one host, and what links lead there with. */
export const HOST_DASHBOARD = 'portlog-host';
/** The field that tells a host from others, in events and in the inventory. */
export const HOST_FIELD = 'server.address';

/**
 * The dashboard of a host, for Kibana and OpenSearch Dashboards, below `/app/`. `value`: what stands for the address, for example
 * `{{value}}` in a format of a field. The address is in the query, so that who comes by a link sees what it is about, and can take it away.
 */
export function hostPath(value: string): string {
  return `dashboards#/view/${HOST_DASHBOARD}?_a=(query:(language:lucene,query:'${HOST_FIELD}:%22${value}%22'))`;
}

/** The same for Grafana; `value`: for example `${__value.text}`. */
export function grafanaHostPath(value: string): string {
  return `/d/${HOST_DASHBOARD}?var-address=${value}`;
}
