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
