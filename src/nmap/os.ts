import type { Os, OsClass, OsMatch, PortUsed } from './model.ts';
import type { Reader } from './reader.ts';

export function readOs(reader: Reader): Os {
  const level = reader.depth;
  const portused: PortUsed[] = [];
  const matches: OsMatch[] = [];
  const classes: OsClass[] = [];
  const fingerprints: string[] = [];
  while (reader.nextChild(level)) {
    if (reader.name === 'osmatch') reader.keep(matches, readOsMatch(reader));
    else if (reader.name === 'osclass') reader.keep(classes, readOsClass(reader));
    else if (reader.name === 'osfingerprint') reader.keep(fingerprints, reader.attribute('fingerprint') ?? '');
    else if (reader.name === 'portused')
      reader.keep(portused, {
        state: reader.attribute('state'),
        proto: reader.attribute('proto'),
        portid: reader.port('portid'),
      });
  }
  return { portused, matches, classes, fingerprints };
}

function readOsMatch(reader: Reader): OsMatch {
  const level = reader.depth;
  const classes: OsClass[] = [];
  const name = reader.attribute('name');
  const accuracy = reader.integer('accuracy');
  const line = reader.integer('line');
  while (reader.nextChild(level)) if (reader.name === 'osclass') reader.keep(classes, readOsClass(reader));
  return { name, accuracy, line, classes };
}

function readOsClass(reader: Reader): OsClass {
  const level = reader.depth;
  const cpes: string[] = [];
  const osclass: OsClass = {
    vendor: reader.attribute('vendor'),
    osfamily: reader.attribute('osfamily'),
    osgen: reader.attribute('osgen'),
    type: reader.attribute('type'),
    accuracy: reader.integer('accuracy'),
    cpes,
  };
  while (reader.nextChild(level)) if (reader.name === 'cpe') reader.keep(cpes, reader.elementText());
  return osclass;
}
