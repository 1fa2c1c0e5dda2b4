import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type JsonObject } from "@countersign/proof/jcs";
import type { Instance, ProvenRequest } from "./instance.ts";
import { wantsNonce } from "./nonces.ts";

/** A call of a tool at a resource. */
export interface OutgoingCall {
  readonly url: string;
  /** The tool's identifier: `reports/publish`. */
  readonly tool: string;
  readonly args: JsonObject;
  /** Ends the attempt, for instance after a time: `AbortSignal.timeout(…)`. */
  readonly signal?: AbortSignal;
}

/** What a call shows: a token or a chain, and a fresh proof over the call. */
export type Shows = (proven: ProvenRequest) => Readonly<Record<string, string>>;

/** Calls a tool; once more where the resource wants a nonce, which it has handed out with its refusal. */
export async function callTool(instance: Instance, call: OutgoingCall, shows: Shows): Promise<Response> {
  const refused = await callOnce(instance, call, shows);
  if (!wantsNonce(refused) || instance.nonces.at(call.url) === undefined) return refused;
  await refused.body?.cancel();
  return callOnce(instance, call, shows);
}

/** What a proof says of a call. */
export const provenCall = ({ url, tool, args }: OutgoingCall): ProvenRequest => ({
  method: "POST",
  url,
  tool,
  argsHash: sha256Base64url(canonicalize(args)),
});

async function callOnce(instance: Instance, call: OutgoingCall, shows: Shows): Promise<Response> {
  const response = await instance.runtime.fetch(call.url, {
    method: "POST",
    headers: { ...shows(provenCall(call)), "content-type": "application/json" },
    // The bytes that were hashed are the bytes that are sent.
    body: canonicalize(call.args),
    redirect: "error",
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  });
  instance.nonces.hear(call.url, response);
  return response;
}
