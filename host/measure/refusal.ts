/** Why something could not be measured. Each means: nothing is known about it, so nothing rests on it. */
export type MeasureCode =
  | "not-found"
  /** A link stands where a file or folder was expected: whoever owns it decides what is measured. */
  | "is-link"
  /** Neither a file nor a folder: a pipe, a device, a socket. */
  | "not-a-file"
  /** A name that is not UTF-8, or a path that is not written in the one way. */
  | "bad-name"
  | "unreadable"
  /** A folder in it is another file system, mounted there: who serves that could answer differently each time. */
  | "other-file-system"
  | "empty"
  | "too-many"
  /** Somebody wrote to it meanwhile. */
  | "changed-while-read"
  /** A hash that this machine does not have. */
  | "unknown-hash";

/** What every function of this folder throws. The message names the path and never what stands in the file. */
export class MeasureRefusal extends Error {
  override readonly name = "MeasureRefusal";
  readonly code: MeasureCode;
  /** As the caller named it, or within the model. */
  readonly path: string;

  constructor(code: MeasureCode, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}

const CODES: Readonly<Record<string, readonly [MeasureCode, string]>> = {
  ENOENT: ["not-found", "There is nothing at"],
  ENOTDIR: ["not-found", "There is nothing at"],
  ELOOP: ["is-link", "A link is in the way to"],
  ENXIO: ["not-a-file", "This is no file:"],
};

/** What the system's refusal to open or read something means here. */
export function refusalOf(path: string, cause: unknown): MeasureRefusal {
  if (cause instanceof MeasureRefusal) return cause;
  const [code, what] = CODES[(cause as NodeJS.ErrnoException).code ?? ""] ?? ["unreadable", "Cannot read"];
  return new MeasureRefusal(code, path, `${what} ${path}.`, { cause });
}
