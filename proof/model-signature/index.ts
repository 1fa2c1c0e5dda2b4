/**
 * Signatures over models: which files a model has, with the digest of each, signed by somebody who is known.
 * OpenSSF Model Signing v1.0, in the modes `key` and `certificate`; of a bundle in the mode `sigstore` the
 * statement can be read, and its signature is for whoever holds the roots of that transparency log.
 * @see OpenSSF Model Signing v1.0
 */
export { type ModelBundle, readModelBundle, type SigningMaterial } from "./bundle.ts";
export { type Difference, differencesFrom } from "./differences.ts";
export {
  DEFAULT_IGNORED,
  HASH_TYPES,
  type HashType,
  IGNORED,
  inOrder,
  type ModelManifest,
  namesDigest,
  type Resource,
  rootDigest,
  type Serialization,
  SIGNATURE_FILE,
} from "./manifest.ts";
export { isIgnored, isModelPath } from "./model-path.ts";
export { type Shard, shardName } from "./shards.ts";
export { type ModelSigner, signModel } from "./sign.ts";
export { readModelStatement } from "./statement.ts";
export { type SignedModel, type TrustedSigner, verifyModelSignature } from "./verify.ts";
