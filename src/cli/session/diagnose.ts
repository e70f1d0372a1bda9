import { EXIT, type ExitCode } from '../../core/errors.ts';
import { type Diagnosis, type Sink, SinkError } from '../../sink/sink.ts';

/** The result of checking a sink. `code`: the exit code that follows; undefined when it is ready. */
export interface SinkDiagnosis {
  readonly found: readonly Diagnosis[];
  readonly code: ExitCode | undefined;
  /** Why it did not answer, when it may answer soon. */
  readonly unanswered?: SinkError;
}

/** Checks a sink. A missing answer is a result, not an error. */
export async function diagnose(sink: Sink, signal: AbortSignal): Promise<SinkDiagnosis> {
  try {
    const found = await sink.check(signal);
    return { found, code: found.some(({ level }) => level === 'error') ? EXIT.usage : undefined };
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    const all = { found: [finding('error', error)], code: sinkErrorCode(error.kind) };
    return error.kind === 'temporary' ? { ...all, unanswered: error } : all;
  }
}

/** An error as a diagnosis. */
export function finding(level: Diagnosis['level'], { message, hint }: { readonly message: string; readonly hint?: string | undefined }): Diagnosis {
  return { level, message, hint };
}

/** The error code of a failed check: a temporary failure means the sink is down, anything else needs a person. */
export function sinkErrorCode(kind: SinkError['kind']): ExitCode {
  return kind === 'temporary' ? EXIT.sinkDown : EXIT.usage;
}
