/**
 * The library that reads what authenticators make. It brings a reader of every certificate there is: loaded when
 * a passkey is used for the first time, so that a server starts without it.
 */
export const webauthn = () => import("@simplewebauthn/server");

/** Its readers of an authenticator's own encoding. */
export const webauthnHelpers = () => import("@simplewebauthn/server/helpers");
