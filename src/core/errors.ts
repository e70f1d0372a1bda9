/** Exit codes of the command, as documented in docs/reference/exit-codes.md. */
export const EXIT = {
  delivered: 0,
  partly: 1,
  usage: 2,
  noInput: 3,
  state: 4,
  sinkDown: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Every error that portlog raises on purpose. `message` says what was being done, to what and what
 * came back; `hint` says what to do next. Neither ever carries a secret.
 */
export class PortlogError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly hint?: string | undefined; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'PortlogError';
    this.code = code;
    this.hint = options.hint;
  }

  get exitCode(): ExitCode {
    return ERRORS[this.code];
  }
}

/** Every error code with its exit code; docs/reference/errors.md explains them. */
export const ERRORS = {
  'usage': EXIT.usage,
  'config-unreadable': EXIT.usage,
  'config-invalid': EXIT.usage,
  'untrusted': EXIT.usage,
  'secret-unavailable': EXIT.usage,
  'input-unreadable': EXIT.noInput,
  'input-stalled': EXIT.noInput,
  'input-not-a-scan': EXIT.noInput,
  'input-says-nothing': EXIT.noInput,
  'nothing-known': EXIT.noInput,
  'mistake': EXIT.noInput,
  'nmap-missing': EXIT.noInput,
  'nmap-arguments': EXIT.usage,
  'state-unusable': EXIT.state,
  'spool-full': EXIT.state,
  'sink-unknown': EXIT.usage,
  'sink-options': EXIT.usage,
  'setup-refused': EXIT.usage,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof ERRORS;
