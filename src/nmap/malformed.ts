/** Why an element is refused, and where: `position` is an index into the text. */
export class Malformed extends Error {
  readonly reason: string;
  readonly position: number;

  constructor(reason: string, position: number) {
    super(reason);
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
