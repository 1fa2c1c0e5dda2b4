/**
 * X.509 certificates, read strictly: what of RFC 5280 an SVID and a client's certificate need, and nothing that
 * two readers could understand in two ways.
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
export { validatePath } from "./validate-path.ts";
