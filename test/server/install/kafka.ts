import { jarsOf } from './jars.ts';

/** The version that kafka/pom.xml names. Returns the folder of its jars (44 MB). */
export const installKafka = (): Promise<string> => jarsOf('kafka', '4.3.1');

if (import.meta.main) console.log(await installKafka());
