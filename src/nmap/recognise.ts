/** Archives and compressed files by their first bytes; in UTF-8, a byte that is no text is U+FFFD. */
const PACKED = [
  { magic: /^PK[\u0003\u0005\u0007]/, what: 'it is a zip archive', how: 'unzip -p' },
  { magic: /^\uFFFD7zXZ/, what: 'it is compressed with xz', how: 'xz -dc' },
  { magic: /^\(\uFFFD\/\uFFFD/, what: 'it is compressed with zstd', how: 'zstd -dc' },
  { magic: /^BZh[1-9]/, what: 'it is compressed with bzip2', how: 'bzip2 -dc' },
  { magic: /^7z\uFFFD\uFFFD/, what: 'it is a 7-Zip archive', how: '7z x -so' },
  { magic: /^\u0004"M\u0018/, what: 'it is compressed with lz4', how: 'lz4 -dc' },
] as const;

/** Recognises what an input without a scan is, from its beginning, and says what to do about it. */
export function recognise(beginning: string): { readonly what: string; readonly hint: string } {
  const start = beginning.replace(/^\uFEFF/, '').trimStart();
  const useXml = 'write the scan with nmap -oX FILE (or -oX - into a pipe)';
  if (start === '') return { what: 'it is empty', hint: useXml };
  // Its forms: -oL, -oG, -oB, -oJ. https://github.com/robertdavidgraham/masscan/tree/master/src (out-*.c)
  if (/^#masscan|^# Masscan |^masscan\/|^\[\s*\{\s*"ip":/.test(start))
    return {
      what: 'it is what masscan writes, and not as XML',
      hint: 'scan with masscan -oX FILE, or convert a binary file: masscan --readscan FILE -oX FILE',
    };
  if (/^[[{]/.test(start)) return { what: 'it looks like JSON', hint: useXml };
  if (/^# Nmap .*scan initiated/.test(start)) return { what: "it is nmap's normal or grepable output", hint: useXml };
  if (start.startsWith('Starting Nmap')) return { what: "it is nmap's screen output", hint: useXml };
  if (/^<(?:!doctype html|html)/i.test(start)) return { what: 'it is HTML', hint: useXml };
  const packed = PACKED.find(({ magic }) => magic.test(beginning));
  if (packed !== undefined) return { what: packed.what, hint: `unpack it first (${packed.how} FILE | portlog); gzip can be read as it is` };
  if (start.startsWith('<') && /<nmaprun\s/.test(start))
    return { what: 'its <nmaprun> tag is cut off or damaged', hint: 'see whether the scan was stopped, or the file copied completely' };
  if (start.startsWith('<')) return { what: 'it is XML without an <nmaprun>', hint: 'check that it is a scan by nmap or masscan' };
  return { what: 'there is no <nmaprun> in it', hint: useXml };
}
