/** A service as nmap shows it: `https`, `ssl/smtp` for what speaks TLS first. */
export function shownService(name: string | undefined, tunnel: string | undefined): string {
  if (tunnel !== 'ssl') return name ?? '';
  return name === 'http' || name === 'https' ? 'https' : `ssl/${name ?? 'unknown'}`;
}
