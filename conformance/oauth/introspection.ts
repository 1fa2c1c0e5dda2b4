/** What a resource server learns of a token: by asking for it, signed or not, and by the list of statuses. */
import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import type { Report } from "../report.ts";
import { claimsOf, grantOf, LEDGER } from "../workloads.ts";
import { type Outsider, plain } from "./outsider.ts";
import type { Setting } from "./setting.ts";

const CREDENTIALS = "client_credentials";

export async function introspection(report: Report, on: Setting): Promise<void> {
  const { outsider, resourceServer } = on;
  const form = { resource: LEDGER, authorization_details: JSON.stringify([grantOf()]) };
  await report.case(
    "RFC 7662 §2.2: the resource server learns what a token of its own is worth",
    async () => {
      const { access_token } = await outsider.ask(CREDENTIALS, form);
      const told = await introspected(resourceServer, access_token);
      const claims = claimsOf(access_token);
      assert.equal(told.active, true);
      for (const member of ["iss", "sub", "aud", "client_id", "jti", "exp", "cnf", "authorization_details"])
        assert.deepEqual(told[member], claims[member], member);
      assert.equal(told.token_type, "DPoP");
    },
  );
  await report.case("RFC 9701: the same, signed for who asks, and no access token by its looks", async () => {
    const { access_token } = await outsider.ask(CREDENTIALS, form);
    const told = await introspected(resourceServer, access_token, true);
    assert.equal(told.active, true);
    assert.equal(told.jti, claimsOf(access_token).jti);
  });
  await report.case(
    "RFC 7662 §2.2: of another's token nothing is told but that it is not active",
    async () => {
      const { access_token } = await resourceServer.ask(CREDENTIALS, { resource: on.server.issuer });
      assert.deepEqual(await introspected(outsider, access_token), { active: false });
      assert.deepEqual(await introspected(resourceServer, "not.a.token"), { active: false });
    },
  );
  await report.case(
    "a token that was given back is not active, and its status says so to strangers",
    async () => {
      const { access_token } = await outsider.ask(CREDENTIALS, form);
      assert.equal(await statusOf(outsider.as, access_token), 0);
      const asked = oauth.revocationRequest(
        outsider.as,
        outsider.client,
        outsider.authentication,
        access_token,
        plain,
      );
      await oauth.processRevocationResponse(await asked);
      assert.deepEqual(await introspected(resourceServer, access_token), { active: false });
    },
  );
}

async function introspected(by: Outsider, token: string, requestJwtResponse = false) {
  const { as, authentication } = by;
  const client = requestJwtResponse
    ? { ...by.client, introspection_signed_response_alg: "ES256" }
    : by.client;
  const asked = oauth.introspectionRequest(as, client, authentication, token, {
    requestJwtResponse,
    ...plain,
  });
  const told = await oauth.processIntrospectionResponse(as, client, await asked);
  return { ...told } as Record<string, unknown>;
}

/** As whoever knows nothing but the draft reads it. @see Token Status List §4, §8 */
async function statusOf(as: oauth.AuthorizationServer, token: string): Promise<number> {
  const { status } = claimsOf(token) as { status?: { status_list: { idx: number; uri: string } } };
  assert(status, "the token names no status");
  const { idx, uri } = status.status_list;
  const answer = await fetch(uri, { headers: { accept: "application/statuslist+jwt" } });
  assert.equal(answer.headers.get("content-type"), "application/statuslist+jwt");
  const keys = createRemoteJWKSet(new URL(String(as.jwks_uri)));
  const { payload } = await jwtVerify(await answer.text(), keys, { subject: uri, typ: "statuslist+jwt" });
  const { bits, lst } = payload.status_list as { bits: number; lst: string };
  const bytes = inflateSync(Buffer.from(lst, "base64url"));
  const place = idx * bits;
  return ((bytes[Math.floor(place / 8)] ?? 0) >> (place % 8)) & (2 ** bits - 1);
}
