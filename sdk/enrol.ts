import { randomUUID } from "node:crypto";
import { sha256Base64url } from "@countersign/proof/digest";
import type { JsonObject } from "@countersign/proof/jcs";
import { signCompact } from "@countersign/proof/jws";
import { ask } from "./ask.ts";
import { Unreachable } from "./errors.ts";
import { type Instance, instanceOf } from "./instance.ts";
import { discover, type Issuer } from "./issuer.ts";
import { type HolderKey, makeKey } from "./key.ts";
import { nodeRuntime, type Runtime } from "./runtime.ts";

/** Where to enrol, and the single-use join token that an administrator handed out for it. */
export interface Enrolment {
  /** The control plane: `https://…`, or `http://localhost:…`. */
  readonly issuer: string;
  readonly joinToken: string;
  readonly runtime?: Runtime;
}

/**
 * Makes a key in memory and enrols this process with it, once. The join token is burnt by it; a process that
 * starts again needs a new one.
 *
 * @throws Refused when the join token is used up, expired or unknown; Unreachable
 */
export async function enrol({ issuer: id, joinToken, runtime = nodeRuntime }: Enrolment): Promise<Instance> {
  const issuer = await discover(runtime, id);
  const key = makeKey();
  const proof = proveKey(runtime, issuer, key, joinToken);
  const answer = await ask(runtime, {
    method: "POST",
    url: issuer.at("/enrol"),
    json: { token: joinToken, ...proof },
  });
  if (typeof answer.instance !== "string") throw new Unreachable("enrolment answered no instance");
  return instanceOf(runtime, issuer, answer.instance, key);
}

/** A public key, and proof that whoever sends it holds the private one. */
export interface EnrolmentProof extends JsonObject {
  readonly jwk: JsonObject;
  readonly proof: string;
}

/** Proves a key together with a token, and with that token only: it is worth nothing beside another. */
export const proveKey = (
  runtime: Runtime,
  issuer: Issuer,
  key: HolderKey,
  token: string,
): EnrolmentProof => ({
  jwk: key.jwk as unknown as JsonObject,
  proof: signCompact({
    header: { typ: "enrol+jwt" },
    payload: {
      aud: issuer.id,
      token_hash: sha256Base64url(token),
      iat: Math.floor(runtime.now() / 1000),
      jti: randomUUID(),
    },
    key: key.privateKey,
  }),
});
