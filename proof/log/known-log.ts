/** Which log is meant, and what is already known of it. */
export type KnownLog = {
  /** The log's verifier key, from configuration; several where it has been rotated and old checkpoints are kept. */
  vkey: string | readonly string[];
  /** The log's name. */
  origin: string;
  /** An earlier signed checkpoint, kept outside the log: it shows a log that was shortened or rewritten. */
  since?: string;
};

/** The verifier keys that are believed. */
export const vkeysOf = ({ vkey }: Pick<KnownLog, "vkey">): readonly string[] =>
  typeof vkey === "string" ? [vkey] : vkey;
