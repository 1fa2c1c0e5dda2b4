/** Public keys as JSON: read strictly, imported, named by thumbprint, gathered in sets. */
export {
  type Algorithm,
  algorithmOfJwk,
  type EcJwk,
  type OkpJwk,
  type PublicJwk,
  parsePublicJwk,
  type RsaJwk,
  thumbprint,
} from "./jwk.ts";
export { createKeyCache, type KeyCache, noKeyCache } from "./key-cache.ts";
export { algorithmOf, importPublicJwk, p256JwkOf, publicJwkOf } from "./key-object.ts";
export { createKeySet, type KeySet } from "./key-set.ts";
