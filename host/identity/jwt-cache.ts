import { canonicalize } from "@countersign/proof/jcs";
import { UpstreamAway } from "../upstream/upstream.ts";
import type { Refusal } from "./refusal.ts";
import type { Shared } from "./shared.ts";
import type { JwtSvid, Svid } from "./standing.ts";

/** For how many audiences of one process the last JWT-SVID is remembered. */
const MOST = 32;

/**
 * Fetches JWT-SVIDs, each time a new one: whoever receives it may take it once. Only while the control plane is
 * away the last one serves again, until it expires.
 * @returns throws UpstreamAway when there is none
 */
export function jwtSvids({ clock, jwtSvid }: Pick<Shared, "clock" | "jwtSvid">) {
  const last = new Map<string, JwtSvid>();

  return async ({ id, hint }: Svid, audience: readonly string[]): Promise<JwtSvid | Refusal> => {
    const name = canonicalize([id, ...audience]);
    try {
      const answer = await jwtSvid(id, audience);
      last.delete(name);
      if ("refused" in answer) return answer.refused;
      const svid = { id, ...answer, ...(hint === undefined ? {} : { hint }) };
      last.set(name, svid);
      for (const oldest of last.keys()) if (last.size > MOST) last.delete(oldest);
      return svid;
    } catch (cause) {
      const known = last.get(name);
      if (!(cause instanceof UpstreamAway) || known === undefined || known.expires <= clock.now())
        throw cause;
      return known;
    }
  };
}
