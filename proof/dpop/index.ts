/** Proof of possession for one request (RFC 9449), and for one call of a tool. */
export { createDpopProof } from "./create.ts";
export { normalizeHtu } from "./htu.ts";
export type { DpopProof, DpopRequest } from "./judge.ts";
export { type DpopExpectation, verifyDpopProof } from "./verify.ts";
