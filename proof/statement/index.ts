/**
 * What others say about images and models, in the words of in-toto and SLSA: statements, provenance, and the
 * summaries that we make ourselves.
 */
export { type Dependency, PROVENANCE_PREDICATE, type Provenance, readProvenance } from "./provenance.ts";
export {
  isAbout,
  readStatement,
  STATEMENT_PAYLOAD,
  type Statement,
  type Subject,
} from "./statement.ts";
export {
  signVsa,
  type VerificationSummary,
  VSA_PREDICATE,
  type VsaExpectation,
  verifyVsa,
} from "./vsa.ts";
