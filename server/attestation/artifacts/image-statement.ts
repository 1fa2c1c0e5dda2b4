import type { Provenance } from "@countersign/proof/statement";
import type { Id } from "../../lib/index.ts";
import type { Signer } from "./signer.ts";

/** What a signer of ours has said about an image, verified when it was brought. */
export interface ImageStatement {
  readonly id: Id<"statement">;
  /** The manifest's digest, `sha256:<hex>`. */
  readonly image: string;
  readonly kind: "signature" | "provenance";
  readonly signer: Id<"signer">;
  /** By what its signature was known to be the signer's. */
  readonly fingerprint: string;
  /** SHA-256 of the signed bytes, lower-case hex: brought twice, it is one statement. */
  readonly signed: string;
  readonly provenance?: Provenance;
  /** Where no timestamp says when it was signed, its word ends with the certificate. */
  readonly expires?: number;
  readonly brought: number;
}

/** A statement that counts now, and whose it is. */
export interface Counted {
  readonly statement: ImageStatement;
  readonly signer: Signer;
}

/** Those that count: their signer is still trusted, by the same key, for this; and their time is not over. */
export const countedNow = (
  statements: readonly ImageStatement[],
  signers: readonly Signer[],
  now: number,
): Counted[] =>
  statements.flatMap((statement) => {
    const signer = signers.find(({ id }) => id === statement.signer);
    if (signer === undefined || signer.fingerprint !== statement.fingerprint) return [];
    if (!signer.purposes.includes(statement.kind === "signature" ? "image" : "provenance")) return [];
    return statement.expires !== undefined && now > statement.expires ? [] : [{ statement, signer }];
  });
