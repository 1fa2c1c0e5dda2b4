/** Why a model, its signature or its bill of materials is not taken; each for itself, for programs. */
export type ModelReason =
  /** No model of this name is registered. */
  | "model-unknown"
  /** The name is known, and these weights are not among its versions. */
  | "model-changed"
  | "model-retired"
  | "model-blocked"
  /** Whoever signed it is trusted no more, or her certificate is over. */
  | "model-untrusted"
  | "model-signature-unreadable"
  | "model-signature-broken"
  | "model-signed-by-another"
  | "model-certificate-expired"
  /** Signed in a way in which hosts do not measure. */
  | "model-not-measurable"
  | "bom-unreadable"
  | "bom-untrusted"
  /** About other weights. */
  | "bom-other-model"
  /** Data without digest or owner, or no data at all. */
  | "bom-incomplete";
