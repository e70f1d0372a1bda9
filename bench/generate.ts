import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * Writes a made-up `nmap -A` scan of about `megabytes` to `path`: the same bytes for the same seed.
 * Shape: some 10 KB and a dozen ports a host, script output on a third of the open ports, an OS
 * guess and a trace on most hosts. Nothing is copied from a real scan.
 */
export function writeScan(path: string, megabytes: number, seed = 1): void {
  const random = mulberry32(seed);
  const file = openSync(path, 'w');
  writeSync(file, header(seed));
  const target = megabytes * 1e6;
  let written = 0;
  let hosts = 0;
  while (written < target) {
    let batch = '';
    for (let i = 0; i < 64; i++) batch += host(hosts++, random);
    written += writeSync(file, batch);
  }
  writeSync(
    file,
    `<runstats><finished time="1760003600" timestr="Thu Oct  9 10:53:20 2025" summary="Nmap done; ${hosts} IP addresses (${hosts} hosts up) scanned in 3600.00 seconds" elapsed="3600.00" exit="success"/><hosts up="${hosts}" down="0" total="${hosts}"/>\n</runstats>\n</nmaprun>\n`,
  );
  closeSync(file);
}

function header(seed: number): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<!-- Nmap 7.93 scan initiated as: nmap -A -oX - 10.0.0.0/8 -->
<nmaprun scanner="nmap" args="nmap -A -oX - 10.0.0.0/8 --seed ${seed}" start="1760000000" startstr="Thu Oct  9 09:53:20 2025" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>
<verbose level="0"/>
<debugging level="0"/>
`;
}

const SERVICES = [
  [22, 'ssh', 'OpenSSH', '8.9p1 Ubuntu 3', 'cpe:/a:openbsd:openssh:8.9p1'],
  [80, 'http', 'nginx', '1.18.0', 'cpe:/a:igor_sysoev:nginx:1.18.0'],
  [443, 'http', 'Apache httpd', '2.4.52', 'cpe:/a:apache:http_server:2.4.52'],
  [25, 'smtp', 'Postfix smtpd', '', 'cpe:/a:postfix:postfix'],
  [3306, 'mysql', 'MySQL', '8.0.36', 'cpe:/a:mysql:mysql:8.0.36'],
  [445, 'microsoft-ds', 'Samba smbd', '4.15.13', 'cpe:/a:samba:samba:4.15.13'],
  [3389, 'ms-wbt-server', 'Microsoft Terminal Services', '', 'cpe:/o:microsoft:windows'],
  [6379, 'redis', 'Redis key-value store', '6.0.16', 'cpe:/a:redislabs:redis:6.0.16'],
] as const;

function host(index: number, random: () => number): string {
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const start = 1760000000 + (index % 3000);
  let ports =
    '<extraports state="closed" count="988"><extrareasons reason="reset" count="988" proto="tcp" ports="1-21,23-24,26-79,81-442"/>\n</extraports>\n';
  const count = 6 + Math.floor(random() * 12);
  for (let i = 0; i < count; i++) ports += port(i, random);
  return `<host starttime="${start}" endtime="${start + 60}"><status state="up" reason="arp-response" reason_ttl="0"/>
<address addr="${address}" addrtype="ipv4"/>
<address addr="52:54:00:${hex(index >> 16)}:${hex(index >> 8)}:${hex(index)}" addrtype="mac" vendor="QEMU virtual NIC"/>
<hostnames>
<hostname name="host-${index}.example.net" type="PTR"/>
</hostnames>
<ports>${ports}</ports>
<os><portused state="open" proto="tcp" portid="22"/><portused state="closed" proto="tcp" portid="1"/>
<osmatch name="Linux 5.4 - 5.15" accuracy="100" line="69205"><osclass type="general purpose" vendor="Linux" osfamily="Linux" osgen="5.X" accuracy="100"><cpe>cpe:/o:linux:linux_kernel:5</cpe></osclass></osmatch>
<osmatch name="Linux 4.15 - 5.8" accuracy="95" line="67250"><osclass type="general purpose" vendor="Linux" osfamily="Linux" osgen="4.X" accuracy="95"><cpe>cpe:/o:linux:linux_kernel:4</cpe></osclass></osmatch>
</os>
<uptime seconds="${Math.floor(random() * 9e6)}" lastboot="Mon Sep  1 10:00:00 2025"/>
<distance value="${1 + Math.floor(random() * 5)}"/>
<tcpsequence index="258" difficulty="Good luck!" values="9B1A1E9A,9C2B1F0B,9D3C2010,9E4D2115,9F5E221A,A06F231F"/>
<ipidsequence class="All zeros" values="0,0,0,0,0,0"/>
<tcptssequence class="1000HZ" values="1F2E3D4C,1F2E3DB0,1F2E3E14,1F2E3E78,1F2E3EDC,1F2E3F40"/>
<trace port="80" proto="tcp"><hop ttl="1" ipaddr="10.255.0.1" rtt="0.42" host="gw.example.net"/><hop ttl="2" ipaddr="${address}" rtt="0.61"/></trace>
<times srtt="512" rttvar="231" to="100000"/>
</host>
`;
}

function port(i: number, random: () => number): string {
  const [wellKnown, name, product, version, cpe] = SERVICES[Math.floor(random() * SERVICES.length)] as (typeof SERVICES)[number];
  const portid = i === 0 ? wellKnown : 1024 + i * 97 + Math.floor(random() * 90);
  const open = random() < 0.8;
  if (!open)
    return `<port protocol="tcp" portid="${portid}"><state state="closed" reason="reset" reason_ttl="64"/><service name="${name}" method="table" conf="3"/></port>\n`;
  const versions = version === '' ? '' : ` version="${version}"`;
  const service = `<service name="${name}" product="${product}"${versions} extrainfo="protocol 2.0" ostype="Linux" method="probed" conf="10"><cpe>${cpe}</cpe></service>`;
  const script = random() < 0.34 ? scripts(name, random) : '';
  return `<port protocol="tcp" portid="${portid}"><state state="open" reason="syn-ack" reason_ttl="64"/>${service}${script}</port>\n`;
}

function scripts(name: string, random: () => number): string {
  if (name === 'ssh') return sshHostKeys(random);
  let output = '';
  let table = '';
  const lines = 4 + Math.floor(random() * 24);
  for (let i = 0; i < lines; i++) {
    const value = `value &quot;${Math.floor(random() * 1e9).toString(36)}&quot; of ${name}`;
    output += `&#xa;  key-${i}: ${value}`;
    table += `<elem key="key-${i}">${value.replaceAll('&quot;', '"')}</elem>\n`;
  }
  return `<script id="${name}-info" output="${output}"><table key="data">\n${table}</table>\n</script>`;
}

function sshHostKeys(random: () => number): string {
  let output = '';
  let tables = '';
  for (const [bits, type] of [
    [3072, 'ssh-rsa'],
    [256, 'ecdsa-sha2-nistp256'],
    [256, 'ssh-ed25519'],
  ] as const) {
    const fingerprint = Array.from({ length: 16 }, () => hex(Math.floor(random() * 256))).join('');
    const key = Array.from({ length: 32 }, () => Math.floor(random() * 1e9).toString(36)).join('');
    output += `&#xa;  ${bits} ${fingerprint.replaceAll(/(..)(?=.)/g, '$1:')} (${type})`;
    tables += `<table>\n<elem key="fingerprint">${fingerprint}</elem>\n<elem key="bits">${bits}</elem>\n<elem key="type">${type}</elem>\n<elem key="key">${key}</elem>\n</table>\n`;
  }
  return `<script id="ssh-hostkey" output="${output}">${tables}</script>`;
}

function hex(value: number): string {
  return (value & 255).toString(16).padStart(2, '0').toUpperCase();
}

/** A small seeded generator of numbers in [0, 1) (mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
