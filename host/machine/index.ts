/**
 * What a machine shows to prove itself to the control plane, in the form in which it is read there.
 */
export { azureNonce, gcpAudience } from "./bound.ts";
export {
  hasSigned,
  type PossessionStatement,
  provePossession,
  type X509PopPayload,
} from "./possession.ts";
