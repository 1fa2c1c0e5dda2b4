/** A server that demands its own nonces in proofs, and a client that has never heard of it. */
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import type { Report } from "../report.ts";
import { errorOf, plain } from "./outsider.ts";
import type { Setting } from "./setting.ts";

export async function nonces(report: Report, { outsider, server }: Setting): Promise<void> {
  const { as, client, authentication } = outsider;
  await report.case(
    "RFC 9449 §8: a proof without a nonce is asked for one, and answered with it",
    async () => {
      const handle = outsider.dpop();
      const step = async () => {
        const options = { DPoP: handle, ...plain };
        const form = { resource: server.issuer };
        const asked = oauth.clientCredentialsGrantRequest(as, client, authentication, form, options);
        return oauth.processClientCredentialsResponse(as, client, await asked);
      };
      assert.deepEqual(await errorOf(step()), { error: "use_dpop_nonce", status: 400 });
      assert.equal((await step()).token_type, "dpop");
    },
  );
  await report.case("RFC 9449 §9: at a resource the nonce is asked for by a challenge", async () => {
    const { access_token } = await outsider.ask("client_credentials", { resource: server.issuer });
    const handle = outsider.dpop();
    const url = new URL(`${server.issuer}/delegations`);
    const step = () =>
      oauth.protectedResourceRequest(access_token, "GET", url, undefined, undefined, {
        DPoP: handle,
        ...plain,
      });
    await assert.rejects(step(), (error) => oauth.isDPoPNonceError(error));
    assert.equal((await step()).status, 200);
  });
}
