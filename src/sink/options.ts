import type { Dataset } from '../event/event.ts';

/** Where Elasticsearch listens when nobody says otherwise. */
export const ELASTICSEARCH_URL = 'http://127.0.0.1:9200';

/** What the configuration says about one destination. Secrets come as functions, read when needed. */
export interface SinkOptions {
  readonly type: string;
  readonly url: URL | undefined;
  readonly namespace: string;
  readonly credentials: Credentials;
  readonly caFile: string | undefined;
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
  readonly datasets: readonly Dataset[] | undefined;
}

export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key' | 'bearer'; readonly secret: () => string }
  | { readonly kind: 'basic'; readonly user: string; readonly secret: () => string };

/** The `Authorization` header, made at the moment it is sent. */
export function authorization(credentials: Credentials): (() => string) | undefined {
  switch (credentials.kind) {
    case 'none':
      return undefined;
    case 'api-key':
      return () => `ApiKey ${encodedApiKey(credentials.secret())}`;
    case 'bearer':
      return () => `Bearer ${credentials.secret()}`;
    case 'basic':
      return () => `Basic ${Buffer.from(`${credentials.user}:${credentials.secret()}`).toString('base64')}`;
  }
}

/** Elasticsearch shows a key as `id` and `api_key`, or as `encoded`, which is base64 of `id:api_key`. */
function encodedApiKey(key: string): string {
  return key.includes(':') ? Buffer.from(key).toString('base64') : key;
}
