/**
 * The half of this package for where there is no Node: browsers, workers. The same readers and the same rules
 * as in the other folders; only that WebCrypto checks the signatures, so every answer is a promise. It loads
 * nothing of Node.
 */
export { formatVkey, parseNoteKey as parseVkey } from "../checkpoint/note-key.ts";
export { type PublicJwk, parsePublicJwk, thumbprint } from "../jwk/jwk.ts";
export type { LogReader } from "../log/log-reader.ts";
export { verifyAccessToken } from "./access-token.ts";
export { hasSigned, openCheckpoint, openNote } from "./checkpoint.ts";
export { type Expectation, verifyCompact, verifyCompactBytes } from "./compact.ts";
export { verifyDpopProof } from "./dpop-proof.ts";
export { algorithmOf, createKeySet, importPublicJwk, type KeySet } from "./key.ts";
export { verifyEvidence, verifyLog } from "./log.ts";
export { verifyBytes } from "./signature.ts";
