/** What masscan calls banners (masscan-app.c), in the names of nmap's services. What is not here is one already, or is none. */
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
/** They tell of TLS, and not what speaks behind it. */
const TLS: ReadonlySet<string> = new Set(['ssl', 'X509', 'X509CA', 'heartbleed', 'ticketbleed']);
const NO_SERVICE: ReadonlySet<string> = new Set(['unknown', 'vuln', 'safe', 'scripting', 'versioning', 'error']);

/** The service that a banner of masscan's tells of: its name, and a product where the banner is no more than that. */
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
