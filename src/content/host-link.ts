import type { AlertRule } from '../alert/rule.ts';
import type { ContentOptions } from './options.ts';

/** The dashboard of a single host. */
export const HOST_DASHBOARD = 'portlog-host';
/** The field that identifies a host in events and in the inventory. */
export const HOST_FIELD = 'server.address';

/** A dashboard of one host, and the field that it is filtered by. */
interface HostPage {
  readonly dashboard: string;
  readonly field: string;
}

const HOST: HostPage = { dashboard: HOST_DASHBOARD, field: HOST_FIELD };

/**
 * The dashboard of a host, for Kibana and OpenSearch Dashboards, below `/app/`. `value`: placeholder for the address, for
 * example `{{value}}` in a format of a field. The address is in the query, where users see it and can remove it.
 */
export function hostPath(value: string, { dashboard, field }: HostPage = HOST): string {
  return `dashboards#/view/${dashboard}?_a=(query:(language:lucene,query:'${field}:%22${value}%22'))`;
}

/** The same for Grafana; `value`: for example `${__value.text}`. */
export function grafanaHostPath(value: string): string {
  return `/d/${HOST_DASHBOARD}?var-address=${value}`;
}

/** Whether an alert of the rule is about a host, so that its message links to it. */
export function isAboutHost({ key }: Pick<AlertRule, 'key'>): boolean {
  return key.includes(HOST_FIELD);
}

/** Base address of Kibana or OpenSearch Dashboards, up to `/app/`; only a path when none is configured. */
export function appsAt({ dashboards = '' }: Pick<ContentOptions, 'dashboards'>): string {
  return `${withoutEndSlash(dashboards)}/app/`;
}

/** An address to which a path can be appended. */
export function withoutEndSlash(address: string): string {
  let end = address.length;
  while (address[end - 1] === '/') end--;
  return address.slice(0, end);
}
