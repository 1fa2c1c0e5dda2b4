import type { LivingChain } from "../delegation/index.ts";
import type { IssuedToken } from "./store.ts";

/** Whose trail what happens to a token belongs to. */
export const aboutToken = (token: IssuedToken, chain?: LivingChain) => ({
  ...(token.task === undefined ? {} : { task: token.task }),
  ...(token.agent === undefined ? {} : { agent: token.agent }),
  ...(chain === undefined ? {} : { person: chain.person }),
});
