import type { ModelOrigin } from "@countersign/proof/ml-bom";
import type { Resource } from "@countersign/proof/model-signature";
import type { Id } from "../../lib/index.ts";
import { technicalWord } from "../../registry/index.ts";
import type { Signer, SignerPurpose } from "../artifacts/signer.ts";

/** Whose word something is, and how long it counts. Times in milliseconds since the epoch. */
export interface Vouched {
  readonly signer: Id<"signer">;
  /** By what the signature was known to be the signer's. */
  readonly fingerprint: string;
  /** Where no timestamp says when it was signed, the signature counts as long as the certificate. */
  readonly expires?: number;
}

/** One set of weights that may be run under a model's name. */
export interface ModelVersion extends Vouched {
  readonly id: Id<"model">;
  /** As agents and entries name it. */
  readonly name: string;
  /** SHA-256 over its files' digests, lower-case hex. */
  readonly root: string;
  /** Its files with the SHA-256 of each, lower-case hex, sorted by name. */
  readonly resources: readonly Resource[];
  readonly status: "active" | "retired";
  readonly registered: number;
  readonly revision: number;
}

/** What a bill of materials says of where a version comes from: declared and signed, which is not the same as true. */
export interface DeclaredOrigin extends Vouched {
  readonly model: Id<"model">;
  /** SHA-256 of what was signed, lower-case hex. */
  readonly signed: string;
  readonly origin: ModelOrigin;
  readonly brought: number;
}

/** How a model is named: as in the record of an agent, and in the path of a request. */
export const modelName = technicalWord.refine(
  (name) => !name.includes("/"),
  "The name of a registered model has no / in it.",
);

/** The name of a set of weights in checks, dead keys and tokens. */
export const digestOf = ({ root }: Pick<ModelVersion, "root">): `sha256:${string}` => `sha256:${root}`;

/** Whoever vouches for it, if her word still counts: she is trusted, by the same key, for this, and in time. */
export const whoVouches = (
  { signer: id, fingerprint, expires }: Vouched,
  purpose: SignerPurpose,
  signers: readonly Signer[],
  now: number,
): Signer | undefined =>
  expires !== undefined && now >= expires
    ? undefined
    : signers.find(
        (signer) =>
          signer.id === id && signer.fingerprint === fingerprint && signer.purposes.includes(purpose),
      );
