import { type VerificationCode, VerificationError } from "../verification-error.ts";

/** A log that does not verify, and which entry shows it. */
export class LogError extends VerificationError {
  /** Which entry, from 0; absent where no single entry is at fault. */
  readonly index: number | undefined;
  /** What the entry calls itself, if it can still be read. Its word, not ours: show it as text only. */
  readonly attackerId: string | undefined;

  constructor(code: VerificationCode, message: string, index?: number, attackerId?: string) {
    super(code, message);
    this.name = "LogError";
    this.index = index;
    this.attackerId = attackerId;
  }
}
