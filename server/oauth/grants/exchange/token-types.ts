/** Types of tokens that can be exchanged and asked for. @see RFC 8693 §3 */
export const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
