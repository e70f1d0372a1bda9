/** A text as a regular expression that matches nothing else, also as RE2 and PCRE2 write it. */
export function literalPattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
