import { EvaluationError } from "../error.ts";

/**
 * The error of an extension function that ran and failed: a text it cannot read, a result out of range.
 * The message never repeats the text, which may be a requester's and personal.
 */
export function extensionError(extension: string, message: string): EvaluationError {
  return new EvaluationError("extension", `${extension}: ${message}`);
}
