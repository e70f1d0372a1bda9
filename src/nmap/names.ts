const NAME = /[A-Za-z_:\u0080-\uFFFF][\w:.\-\u0080-\uFFFF]*/y;

/** Whether it is a name of XML: of an element or attribute. Names of nmap's are lower case, which is looked at first. */
export function isName(name: string): boolean {
  const first = name.charCodeAt(0);
  if (first >= 97 && first <= 122 && isLowerCase(name)) return true;
  NAME.lastIndex = 0;
  return NAME.test(name) && NAME.lastIndex === name.length;
}

/** What stands side by side in a document, and never inside of another: where reading can start again. */
export function isOutermost(name: string): boolean {
  switch (name.length) {
    case 4:
      return name === 'host';
    case 7:
      return name === 'nmaprun';
    case 8:
      return name === 'hosthint' || name === 'runstats';
    default:
      return false;
  }
}

export function isTask(name: string): boolean {
  return name.length > 6 && name.startsWith('task');
}

function isLowerCase(name: string): boolean {
  for (let i = 1; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 97 || code > 122) return false;
  }
  return true;
}
