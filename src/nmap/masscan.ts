/** masscan's banner types (masscan-app.c) with nmap's service names, where these differ. */
const NAMES: Readonly<Record<string, string>> = {
  'http.server': 'http',
  'title': 'http',
  'html': 'http',
  'dns-ver': 'domain',
  'nbtstat': 'netbios-ns',
  'smb': 'microsoft-ds',
  'pop': 'pop3',
  'rdp': 'ms-wbt-server',
  'vnc-info': 'vnc',
};
/** Banner types about TLS, not about the protocol inside it. */
const TLS: ReadonlySet<string> = new Set(['ssl', 'X509', 'X509CA', 'heartbleed', 'ticketbleed']);
const NO_SERVICE: ReadonlySet<string> = new Set(['unknown', 'vuln', 'safe', 'scripting', 'versioning', 'error']);

/** The service that a masscan banner identifies, with a product when the banner is nothing else. */
export interface BannerService {
  readonly name: string | undefined;
  readonly tunnel: 'ssl' | undefined;
  readonly product: string | undefined;
  readonly version: string | undefined;
}

export function bannerService(type: string | undefined, banner: string): BannerService {
  const nothing = { name: undefined, tunnel: undefined, product: undefined, version: undefined };
  if (type === undefined || NO_SERVICE.has(type) || type.startsWith('(')) return nothing;
  if (TLS.has(type)) return { ...nothing, tunnel: 'ssl' };
  const [, product, version] = PRODUCT[type]?.exec(banner) ?? [];
  return { name: Object.hasOwn(NAMES, type) ? NAMES[type] : type, tunnel: undefined, product, version };
}

/** `nginx/1.18.0 (Ubuntu)`, `SSH-2.0-OpenSSH_9.2p1 Debian-2`. */
const PRODUCT: Readonly<Record<string, RegExp | undefined>> = {
  'http.server': /^([^/\s\\]{1,64})(?:\/([\w.+-]{1,64}))?/,
  'ssh': /^SSH-[\d.]{1,8}-([A-Za-z][A-Za-z ]{0,63}?)[_-](\d[\w.]{0,63})/,
};
