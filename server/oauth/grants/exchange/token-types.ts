/** Types of tokens that can be exchanged and asked for. @see RFC 8693 §3 */
export const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
export const ID_JAG = "urn:ietf:params:oauth:token-type:id-jag";
/** The root of a chain of warrants. */
export const WARRANT = "urn:countersign:params:oauth:token-type:warrant";
/** A whole chain, root first: joined by `~`, or a JSON array. */
export const WARRANT_CHAIN = "urn:countersign:params:oauth:token-type:warrant_chain";
