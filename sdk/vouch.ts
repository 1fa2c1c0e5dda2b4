import { randomUUID } from "node:crypto";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize } from "@countersign/proof/jcs";
import { signCompact } from "@countersign/proof/jws";
import { Unreachable } from "./errors.ts";
import { assertionBy, type Instance, instanceOf } from "./instance.ts";
import { type HolderKey, makeKey } from "./key.ts";

/** It is vouched for again this long before its time is over, in milliseconds. */
const RENEW_BEFORE = 60_000;

/**
 * Has this process, which a host has attested, vouch for another agent within it: that one gets a key and an
 * identity of its own, at lower strength, which end with the process. While it is used it is vouched for again in time.
 *
 * @throws Refused with the code `not-attested` or `not-vouched-by`; Unreachable
 */
export async function vouch(voucher: Instance, agent: string): Promise<Instance> {
  const key = makeKey();
  let vouched = await vouchOnce(voucher, agent, key);
  const { runtime, issuer } = voucher;
  const itself: Instance = instanceOf(runtime, issuer, vouched.id, key, async () => {
    if (runtime.now() >= vouched.expires - RENEW_BEFORE) vouched = await vouchOnce(voucher, agent, key);
    return assertionBy(runtime, issuer, vouched.id, key);
  });
  return itself;
}

async function vouchOnce(
  voucher: Instance,
  agent: string,
  { privateKey, jwk }: HolderKey,
): Promise<{ id: string; expires: number }> {
  const payload = {
    aud: voucher.issuer.id,
    // Made for this process and this agent only.
    token_hash: sha256Base64url(canonicalize({ voucher: voucher.id, agent })),
    iat: Math.floor(voucher.runtime.now() / 1000),
    jti: randomUUID(),
  };
  const proof = signCompact({ header: { typ: "vouch+jwt" }, payload, key: privateKey });
  const { instance, expires } = await voucher.ask("POST", "/instances", { agent, jwk: { ...jwk }, proof });
  if (typeof instance === "string" && typeof expires === "number") return { id: instance, expires };
  throw new Unreachable("the control plane answered no instance");
}
