/** From the company's identity provider to here, and the rights with it: ID-JAG, brought by the same outside client. */
import assert from "node:assert/strict";
import type { CompanyIdp } from "../company-idp.ts";
import type { Report } from "../report.ts";
import { claimsOf, grantOf, LEDGER } from "../workloads.ts";
import { errorOf } from "./outsider.ts";
import type { Setting } from "./setting.ts";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

export async function crossDomain(report: Report, on: Setting, idp: CompanyIdp): Promise<void> {
  const { outsider, server } = on;
  const carla = await connectCompany(on, idp);
  const asked = { subject: "carla", audience: server.issuer, clientId: "posting-agent", resource: LEDGER };
  await report.case("ID-JAG: a sign-in at the company's provider becomes a token of hers here", async () => {
    const assertion = await idp.idJagFor(asked);
    const answer = await outsider.ask(JWT_BEARER, { assertion });
    const { sub, aud, authorization_details } = claimsOf(answer.access_token);
    assert.deepEqual([sub, aud, authorization_details], [carla.id, LEDGER, [grantOf()]]);
    const again = await errorOf(outsider.ask(JWT_BEARER, { assertion }));
    assert.deepEqual(again, { error: "invalid_grant", status: 400 });
  });
  const refused: [name: string, more: Partial<typeof asked>][] = [
    ["for another server", { audience: "https://other.example" }],
    ["for another client", { clientId: "another-agent" }],
    ["about somebody whom nobody here knows", { subject: "mallory" }],
  ];
  for (const [name, more] of refused) {
    await report.case(`ID-JAG: an assertion ${name} is invalid_grant`, async () => {
      const assertion = await idp.idJagFor({ ...asked, ...more });
      const refusal = await errorOf(outsider.ask(JWT_BEARER, { assertion }));
      assert.deepEqual(refusal, { error: "invalid_grant", status: 400 });
    });
  }
}

/** The company's provider is known here, with one client that may bring its word, and one person. */
export async function connectCompany(
  { administrator }: Setting,
  { issuer }: CompanyIdp,
): Promise<{ id: string }> {
  const carla = await administrator.post<{ id: string }>("/people", {
    name: "Carla Conti",
    email: "carla@acme.example",
    groups: ["posters"],
  });
  await administrator.put("/identity-providers/company", {
    issuer,
    clients: [{ client_id: "posting-agent", agent: "posting-agent", id_jag: "allowed" }],
  });
  await administrator.put(`/people/${carla.id}/subjects/company`, { subject: "carla" });
  return carla;
}
