/**
 * The library that verifies what identity providers sign, whatever they sign it by: loaded when the first of them
 * has signed something, so that a server starts without it.
 */
export const jose = () => import("jose");
