import { VerificationError } from "../verification-error.ts";

/** A chain that does not verify, and which link shows it. */
export class WarrantError extends VerificationError {
  /** Which link, from 0, the root. */
  readonly link: number;

  constructor(link: number, cause: VerificationError) {
    super(cause.code, `link ${link}: ${cause.message}`, { cause });
    this.name = "WarrantError";
    this.link = link;
  }
}

/** Runs a step about one link; what refuses there says which link it was. */
export function atLink<T>(link: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof VerificationError && !(error instanceof WarrantError)) {
      throw new WarrantError(link, error);
    }
    throw error;
  }
}

/** A chain that holds, and what came with it does not: the holder's proof, or the person's consent. */
export class PresentationError extends VerificationError {
  readonly part: "proof" | "consent";

  constructor(part: "proof" | "consent", cause: VerificationError) {
    super(cause.code, cause.message, { cause });
    this.name = "PresentationError";
    this.part = part;
  }
}

/** Runs a step about what comes with a chain; what refuses there says what it was. */
export function atPart<T>(part: "proof" | "consent", step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw error instanceof VerificationError ? new PresentationError(part, error) : error;
  }
}
