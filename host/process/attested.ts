import type { HostRefusal } from "../peer/refusal.ts";
import type { Selector } from "../selector/selector.ts";

/** A file that an agent declares to be part of what it is. */
export interface DeclaredFile {
  /** Absolute, as the process itself would open it. */
  readonly path: string;
  readonly role: "prompt" | "tools" | "settings" | "lockfile" | "script" | "other";
}

/** What an entry wants measured of a process beside what every process is asked. */
export interface Wanted {
  readonly files: readonly DeclaredFile[];
  /** The model that it works with: a file or a folder of weights, absolute. */
  readonly model?: { readonly name: string; readonly path: string };
}

export interface MeasuredFile extends DeclaredFile {
  /** SHA-256, lower-case hex. */
  readonly sha256: string;
}

export interface MeasuredModel {
  readonly name: string;
  /** SHA-256 over the files' digests in order, lower-case hex: what an OpenSSF model signature is over. */
  readonly root: string;
  /** SHA-256 over the files' names with their digests, lower-case hex: the root says nothing of names. */
  readonly names: string;
  readonly files: number;
  /** In bytes. */
  readonly size: number;
}

/** What is true of a process: measured by the host, never taken from the process's own word. */
export interface Attested {
  readonly pid: number;
  readonly started: string;
  /** Sorted, each once. */
  readonly selectors: readonly Selector[];
  readonly files: readonly MeasuredFile[];
  readonly model?: MeasuredModel;
  /** Why some of what could be attested is not: an entry that wants it does not match, and this says why. */
  readonly withheld?: readonly HostRefusal[];
  /** Its program was not read: as whom and where it runs, no entry could have rested on that. */
  readonly unread?: true;
}

/** Whether what costs more is worth while, by as whom and where a process runs. */
export type WorthReading = (place: readonly Selector[]) => boolean;
