import { EXIT, type ExitCode } from '../../core/errors.ts';
import { type Diagnosis, type Sink, SinkError } from '../../sink/sink.ts';

/** What asking a sink gave. `code` is how a command ends because of it; undefined when it is ready. */
export interface SinkDiagnosis {
  readonly found: readonly Diagnosis[];
  readonly code: ExitCode | undefined;
}

/** Asks a sink whether it is ready; one that does not answer is a finding like any other. */
export async function diagnose(sink: Sink, signal: AbortSignal): Promise<SinkDiagnosis> {
  try {
    const found = await sink.check(signal);
    return { found, code: found.some(({ level }) => level === 'error') ? EXIT.usage : undefined };
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    return { found: [finding('error', error)], code: sinkErrorCode(error.kind) };
  }
}

/** What went wrong, as something that was found. */
export function finding(level: Diagnosis['level'], { message, hint }: { readonly message: string; readonly hint?: string | undefined }): Diagnosis {
  return { level, message, ...(hint === undefined ? {} : { hint }) };
}

/** Before anything was shipped: what may pass by itself is a sink that is down, the rest needs a person. */
export function sinkErrorCode(kind: SinkError['kind']): ExitCode {
  return kind === 'temporary' ? EXIT.sinkDown : EXIT.usage;
}
