import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { args, billing, refusedWith } from "./billing-of-tests.ts";
import { tool } from "./issuer-of-tests.ts";

const certificate = Buffer.from("the DER of a certificate");
const bound = { cnf: { "x5t#S256": sha256Base64url(certificate) } };

/** A service, and requests as they come over a connection whose client has a certificate. */
function overTls() {
  const opened = billing();
  const { server, request } = opened;
  const over = (token: string, more: object = {}) => ({
    ...request(token),
    authorization: [`Bearer ${token}`],
    dpop: undefined,
    certificate,
    ...more,
  });
  return { ...opened, over, token: server.issue(bound) };
}

test("a token that is bound to a certificate is taken on that certificate's connection, again and again", async () => {
  const { protector, over, token } = overTls();
  for (let i = 0; i < 2; i++) {
    const access = await protector.verify(over(token));
    assert.equal(access.permits({ tool, args }), true);
  }
});

test("on another certificate's connection, and on one without, it is worth nothing", async () => {
  const { protector, over, token } = overTls();
  const other = { certificate: Buffer.from("the DER of another") };
  await refusedWith(protector.verify(over(token, other)), 401, "invalid_token");
  await refusedWith(protector.verify(over(token, { certificate: undefined })), 401, "invalid_token");
  await refusedWith(protector.verify(over(token, { certificate: Buffer.alloc(0) })), 401, "invalid_token");
});

test("it is not taken with a proof in place of the certificate, nor with one beside", async () => {
  const { protector, over, token, request } = overTls();
  await refusedWith(protector.verify({ ...request(token), certificate }), 401, "invalid_dpop_proof");
  const beside = over(token, { dpop: request(token).dpop });
  await refusedWith(protector.verify(beside), 400, "invalid_request");
});

test("a token that is bound to a key is not taken for its sender's certificate", async () => {
  const { protector, over, server } = overTls();
  await refusedWith(protector.verify(over(server.issue())), 401, "invalid_token");
});

test("what is dead or for somebody else is refused on whatever connection", async () => {
  const { protector, over, server } = overTls();
  await refusedWith(
    protector.verify(over(server.issue({ ...bound, aud: "https://other.example" }))),
    401,
    "invalid_token",
  );
  const dead = billing({ feed: { isDead: () => true, isFresh: () => true, close() {} } });
  const token = dead.server.issue(bound);
  const request = {
    ...dead.request(token),
    authorization: [`Bearer ${token}`],
    dpop: undefined,
    certificate,
  };
  await refusedWith(dead.protector.verify(request), 401, "invalid_token");
});
