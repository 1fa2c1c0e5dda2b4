/**
 * The keys of this installation, in files outside the database: what signs access tokens, delegation
 * tokens, SVIDs (these also in a PKCS #11 module) and the log's checkpoints, and what seals secrets at rest. Makes them, publishes them before they
 * are used, rotates them by itself and destroys them when nothing they signed can be alive. Beside them it
 * remembers the checkpoint signed last.
 */
export type { AuthoritySigner } from "./authority-signer.ts";
export { removeFile, replaceFile, sweep } from "./durable-file.ts";
export { ensureKey } from "./ensure-key.ts";
export { keysEvents } from "./events.ts";
export {
  type AuthorityPurpose,
  isAuthorityPurpose,
  type KeyState,
  PURPOSES,
  type Purpose,
  RHYTHMS,
  type SigningPurpose,
  stateAt,
} from "./key.ts";
export type { KeyModule } from "./key-module.ts";
export { type KeyRing, type KeySummary, openKeyRing, type Signer } from "./key-ring.ts";
export { lastCheckpoint, rememberCheckpoint } from "./last-checkpoint.ts";
export { openKeyModule } from "./open-key-module.ts";
export { makePrivateFolder, readPrivateFile, requirePrivateFolder } from "./private-files.ts";
export type { PublishedJwk } from "./publish.ts";
export type { KeysDeps, RotationDeps } from "./record.ts";
export { keepKeysFresh, type Rotation, rotateKeys } from "./rotate.ts";
export { keyList, keyRotate } from "./routes.ts";
export { keysMigrations } from "./store.ts";
