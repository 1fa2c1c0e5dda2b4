/**
 * X.509 certificates, read strictly: what of RFC 5280 an SVID and a client's certificate need, and nothing that
 * two readers could understand in two ways. And written: leaves and authorities of a trust domain.
 */
export { type Certificate, readCertificate, same } from "./certificate.ts";
export {
  contentOf,
  type Der,
  partsOf,
  readBoolean,
  readDer,
  readOid,
  readSmallInteger,
  readTime,
  TAG,
} from "./der.ts";
export { distinguishedName } from "./distinguished-name.ts";
export { type Extensions, KEY_USAGE, PURPOSE } from "./extensions.ts";
export { certifiedPath, validatePath } from "./validate-path.ts";
export {
  type AuthoritySubject,
  authorityName,
  authorityToSign,
  certificateOf,
  ECDSA_SHA256,
  ecdsaSignature,
  isDnsName,
  type LeafIssuer,
  type LeafSubject,
  type Life,
  leafIssuer,
  leafToSign,
  type Upstream,
} from "./write-certificate.ts";
export { type ChallengeSubject, challengeToSign } from "./write-challenge.ts";
export { oidOf, sequenceOf } from "./write-der.ts";
export { keyIdOf } from "./write-extension.ts";
export { type RequestSubject, requestToSign } from "./write-request.ts";
