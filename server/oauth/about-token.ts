import type { LivingChain } from "../delegation/index.ts";
import type { IssuedToken } from "./store.ts";

/** Whose trail what happens to a token belongs to. */
export const aboutToken = (token: IssuedToken, chain?: LivingChain) => ({
  ...(token.task === undefined ? {} : { task: token.task }),
  ...(token.agent === undefined ? {} : { agent: token.agent }),
  ...(chain === undefined ? {} : { person: chain.person }),
});

/** Of what others attempt with it, or ask about it: it stands in the trail of its task, and is not held against its agent. */
export const attemptedOn = (token: IssuedToken) => ({
  about: token.task === undefined ? {} : { task: token.task },
  jti: token.jti,
  ...(token.agent === undefined ? {} : { holder: token.agent }),
});
