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
  if (start.startsWith('PK')) return { what: 'it is a zip archive', hint: 'unpack it first; gzip can be read as it is' };
  if (start.startsWith('<')) return { what: 'it is XML without an <nmaprun>', hint: 'check that it is a scan by nmap or masscan' };
  return { what: 'there is no <nmaprun> in it', hint: useXml };
}
