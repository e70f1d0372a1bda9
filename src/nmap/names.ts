const NAME = /[A-Za-z_:\u0080-\uFFFF][\w:.\-\u0080-\uFFFF]*/y;

/** Whether a text is an XML name. The usual case, lower-case letters only, is checked first. */
export function isName(name: string): boolean {
  const first = name.charCodeAt(0);
  if (first >= 97 && first <= 122 && isLowerCase(name)) return true;
  NAME.lastIndex = 0;
  return NAME.test(name) && NAME.lastIndex === name.length;
}

/** Elements that are never nested in each other, so that one inside another means a missing end tag. */
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
