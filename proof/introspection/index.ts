/** What the issuer says of a token, signed, so that it can be shown to others (RFC 9701). */
export { issueIntrospection, verifyIntrospection } from "./introspection.ts";
