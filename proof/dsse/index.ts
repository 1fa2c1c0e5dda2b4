/**
 * Signed statements about files, images and models: the DSSE envelope, and the signatures that we take for one.
 */
export {
  type Envelope,
  type EnvelopeSignature,
  envelopeJson,
  preAuthEncoding,
  readEnvelope,
} from "./envelope.ts";
export { openEnvelope, sealEnvelope } from "./sign-and-open.ts";
export { signatureBy, signs } from "./signature.ts";
