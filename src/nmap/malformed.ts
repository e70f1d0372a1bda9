/** Why an element is refused, and where: `position` is an index into the text. Without a stack, which would cost more than reading: there may be a million of them. */
export class Malformed extends Error {
  readonly reason: string;
  readonly position: number;

  constructor(reason: string, position: number) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(reason);
    Error.stackTraceLimit = stackTraceLimit;
    this.reason = reason;
    this.position = position;
  }
}

/** The text ended inside a comment or CDATA section that must end with `closing`. */
export class Unterminated extends Malformed {
  readonly closing: string;

  constructor(closing: string, position: number) {
    super(`no "${closing}" after its start`, position);
    this.closing = closing;
  }
}
