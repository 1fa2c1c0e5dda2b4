import { Refused } from "./errors.ts";

/**
 * The newest nonce that each server has handed out for proofs of possession. A token endpoint's are its own,
 * apart from those of the rest of its server.
 *
 * @see RFC 9449 §8, §9
 */
export interface Nonces {
  /** The nonce for a proof over a request to this URL, if its server has handed one out. */
  at(url: string): string | undefined;
  /** Notes what an answer from this URL hands out. */
  hear(url: string, answer: Pick<Response, "headers">): void;
}

/** Servers remembered at most: an agent calls a few. */
const mostServers = 100;

export function createNonces(tokenEndpoint: string): Nonces {
  const newest = new Map<string, string>();
  const serverOf = (url: string): string => (url === tokenEndpoint ? url : new URL(url).origin);
  return {
    at: (url) => newest.get(serverOf(url)),
    hear(url, { headers }) {
      const nonce = headers.get("dpop-nonce");
      // RFC 9449 §8.1: what a nonce may be made of. Anything else would make proofs that nobody takes.
      if (nonce === null || !/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(nonce)) return;
      if (newest.size >= mostServers && !newest.has(serverOf(url))) newest.clear();
      newest.set(serverOf(url), nonce);
    },
  };
}

/** Attempts something once more where a server wants a nonce, which it has handed out with its refusal. */
export async function withNonce<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (cause) {
    if (cause instanceof Refused && /^use[_-]dpop[_-]nonce$/.test(cause.code)) return attempt();
    throw cause;
  }
}

/** Whether a resource refuses a proof for want of a nonce. */
export const wantsNonce = ({ status, headers }: Response): boolean =>
  status === 401 && /error="use_dpop_nonce"/.test(headers.get("www-authenticate") ?? "");
