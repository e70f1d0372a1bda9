import { jarsOf } from './jars.ts';

/** The version that opensearch/pom.xml names. Returns the folder of its jars. */
export const installOpenSearch = (): Promise<string> => jarsOf('opensearch', '3.8.0');

if (import.meta.main) console.log(await installOpenSearch());
