import fc from 'fast-check';

// The same cases in every run, so that a failure belongs to a change; PORTLOG_FUZZ_SEED looks elsewhere, PORTLOG_FUZZ_RUNS longer.
fc.configureGlobal({ seed: Number(process.env['PORTLOG_FUZZ_SEED'] ?? 1) });

/** How many cases, `usual` unless the environment asks for more. */
export function runs(usual: number): number {
  return Number(process.env['PORTLOG_FUZZ_RUNS'] ?? usual);
}
