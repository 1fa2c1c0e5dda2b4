/** The same program by requests that are written by hand, so that anything about them can be wrong. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from "node:crypto";
import { createDpopProof } from "@countersign/proof/dpop";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { type Address, jsonOf, send, type WireAnswer } from "../wire.ts";
import { LEDGER } from "../workloads.ts";
import { CALLBACK, givenTo, READING } from "./code.ts";
import type { Setting } from "./setting.ts";

export interface Program {
  readonly key: KeyObject;
  readonly verifier: string;
}

export const newProgram = (): Program => ({
  key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  verifier: randomBytes(32).toString("base64url"),
});

/** What the program sends to the token endpoint, once she has given what it asked for. */
export async function codeForm(on: Setting, { key, verifier }: Program): Promise<Record<string, string>> {
  const query = new URLSearchParams({
    client_id: "desk-assistant",
    response_type: "code",
    redirect_uri: CALLBACK,
    state: randomUUID(),
    resource: LEDGER,
    authorization_details: JSON.stringify([READING]),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    dpop_jkt: thumbprint(publicJwkOf(key)),
  });
  const redirect = await givenTo(on, query);
  return {
    grant_type: "authorization_code",
    code: redirect.searchParams.get("code") ?? "",
    redirect_uri: CALLBACK,
    code_verifier: verifier,
    client_id: "desk-assistant",
  };
}

/** The same later, with a refresh token in place of the code. */
export async function refreshForm(on: Setting, program: Program): Promise<Record<string, string>> {
  const answer = await askAsProgram(on.server, program, await codeForm(on, program));
  const { refresh_token } = jsonOf<{ refresh_token: string }>(answer);
  return { grant_type: "refresh_token", refresh_token, client_id: "desk-assistant" };
}

export const programProof = ({ key }: Program, { issuer }: Address): string =>
  createDpopProof({
    key,
    method: "POST",
    url: `${issuer}/oauth/token`,
    now: Date.now(),
    jti: randomUUID(),
  });

export function askAsProgram(
  server: Address,
  program: Program,
  form: Readonly<Record<string, string>>,
): Promise<WireAnswer> {
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    dpop: programProof(program, server),
  };
  const body = new URLSearchParams(form).toString();
  return send(server, { method: "POST", path: "/oauth/token", headers, body });
}
