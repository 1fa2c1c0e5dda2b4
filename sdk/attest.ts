import { ask } from "./ask.ts";
import { type EnrolmentProof, proveKey } from "./enrol.ts";
import { Unreachable } from "./errors.ts";
import { type Instance, instanceOf } from "./instance.ts";
import { discover } from "./issuer.ts";
import { makeKey } from "./key.ts";
import { nodeRuntime, type Runtime } from "./runtime.ts";

/** Where to attest, and what the platform on which this process runs says of it. */
export interface PlatformAttestation {
  /** The control plane: `https://…`, or `http://localhost:…`. */
  readonly issuer: string;
  /** The platform, by the control plane's name for it. */
  readonly platform: string;
  /** A token of the platform, made for the control plane's audience there. It counts once. */
  readonly token: string;
  /** The agent that this is, where the platform says the same of several. */
  readonly agent?: string;
  readonly runtime?: Runtime;
}

/** An instance that its platform has vouched for: until when, and it goes on only by a new token. */
export interface PlatformInstance extends Instance {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Makes a key in memory and proves this process by its platform's word: for agents on machines without a host.
 *
 * @throws Refused with the member `reason` when the token is not taken; Unreachable
 */
export async function attestWithPlatform({
  issuer: id,
  platform,
  token,
  agent,
  runtime = nodeRuntime,
}: PlatformAttestation): Promise<PlatformInstance> {
  const issuer = await discover(runtime, id);
  const key = makeKey();
  const proof: EnrolmentProof = proveKey(runtime, issuer, key, token);
  const answer = await ask(runtime, {
    method: "POST",
    url: issuer.at("/attest"),
    json: { platform, token, ...proof, ...(agent === undefined ? {} : { agent }) },
  });
  const { instance, expires } = answer;
  if (typeof instance === "string" && typeof expires === "number")
    return { ...instanceOf(runtime, issuer, instance, key), expiresAt: expires };
  throw new Unreachable("attestation answered no instance");
}
