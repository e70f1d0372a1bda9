import { diffScans, type ScanDiff } from '../../src/change/scan-diff.ts';
import { ScanCollector, type ScanView } from '../../src/change/scan-view.ts';
import { host, itemsOf, scan } from './scans.ts';

export function view(text: string | Uint8Array): ScanView {
  const collector = new ScanCollector();
  for (const item of itemsOf(text)) collector.add(item);
  return collector.view();
}

export const diff = (before: string, after: string): ScanDiff => diffScans(view(before), view(after));

/** A scan of three ports in a network. */
export const networkOf = (inside: string, args = 'nmap -v -sV -p 22,80,443 192.0.2.0/24', services = '22,80,443'): string =>
  scan(`<scaninfo type="syn" protocol="tcp" numservices="3" services="${services}"/>${inside}`, `scanner="nmap" args="${args}" start="1760000000"`);
export const one = (ports: string, address = '192.0.2.7'): string => host(address, `<ports>${ports}</ports>`);
export const tcp = (number: number, state: string, service = ''): string =>
  `<port protocol="tcp" portid="${number}"><state state="${state}"/>${service}</port>`;
