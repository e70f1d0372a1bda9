import type { SecretSources } from './config.ts';

/** In the order in which they are looked for. */
export const SECRETS = ['apiKey', 'bearer', 'password'] as const;
export type SecretName = (typeof SECRETS)[number];

/** What a setting has behind the name of its secret: as text, as a file, or as the output of a command. */
export const FORMS = ['', 'File', 'Command'] as const;
export type SecretForm = (typeof FORMS)[number];

/** The settings that give a secret: `apiKey`, `apiKeyFile`, `apiKeyCommand`. */
export function settingsFor(name: SecretName): readonly (keyof SecretSources)[] {
  return FORMS.map((form) => `${name}${form}` as const);
}
