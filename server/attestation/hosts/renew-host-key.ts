import { sha256Base64url } from "@countersign/proof/digest";
import type { Json } from "@countersign/proof/jcs";
import { thumbprint } from "@countersign/proof/jwk";
import { append, perform } from "../../audit/index.ts";
import type { Caller } from "../../lib/index.ts";
import { revoke } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { hostRenewed } from "../events-hosts.ts";
import { verifyPossession } from "../proof-of-possession.ts";
import { HOST_LIFETIME, type Host } from "./host.ts";
import { requireNewKey } from "./join-host.ts";
import { livingHost } from "./live-host.ts";
import { requireStandingTrust } from "./standing-trust.ts";
import { replaceHost } from "./store-hosts.ts";

/**
 * Gives a machine another key, and its time anew. It asks with the key that it has, which is dead then; what it
 * attested stays. One for which its surroundings vouched renews only while what was said about them stands.
 * @throws Fault `unauthenticated`; `forbidden`, reason `host-ended` or `host-trust-changed`; `replayed` for a key
 *   that is known
 */
export function renewHostKey(
  deps: AttestationDeps,
  caller: Caller,
  { attackerJwk, attackerProof }: { readonly attackerJwk: Json; readonly attackerProof: string },
): Promise<Host> {
  return perform(deps, caller, "host.renew", async (change) => {
    const before = await livingHost(deps, caller);
    await requireStandingTrust(deps, change, before);
    const now = deps.clock.now();
    const tokenHash = sha256Base64url(before.id);
    const expected = { typ: "host-key+jwt", audience: deps.issuer, tokenHash, now } as const;
    const jwk = verifyPossession(attackerJwk, attackerProof, expected);
    const after = { ...before, jwk, thumbprint: thumbprint(jwk), expires: now + HOST_LIFETIME };
    await requireNewKey(deps, after);
    replaceHost(change, before, after);
    revoke(deps, change, caller, [`jkt:${before.thumbprint}`], "host renewed its key");
    const { name, id, thumbprint: jkt, expires } = after;
    append(change, hostRenewed(deps, caller, {}, { host: name, id, thumbprint: jkt, expires }));
    return after;
  });
}
