/** The same for what a service says of calls, as JSON, with a token of its own and a proof for each request. */
import { randomUUID } from "node:crypto";
import { createDpopProof } from "@countersign/proof/dpop";
import { malformedJson } from "../malformed-json.ts";
import type { Setting } from "../oauth/setting.ts";
import { operationsOf } from "../operations.ts";
import { requireRefusal } from "../refusal.ts";
import type { Report } from "../report.ts";
import { send } from "../wire.ts";
import { LEDGER, TOOL } from "../workloads.ts";

const GOOD: Readonly<Record<string, object>> = {
  "/oauth/uses": { jti: "jti_00000000000000000000000000", tool: TOOL, args: {}, phase: "called" },
  "/oauth/refusals": { resource: LEDGER, tool: TOOL, error: "invalid_token", why: "It has expired." },
  "/oauth/warrant-uses": {
    ...{
      resource: LEDGER,
      method: "POST",
      url: LEDGER,
      at: 1_800_000_000_000,
      chain: "a.b.c",
      proof: "a.b.c",
    },
    ...{ tool: TOOL, args: {}, phase: "called" },
  },
  "/oauth/transactions": { txn_token: "x" },
};

export async function hostileBodies({ server, service }: Setting) {
  const operations = (await operationsOf(server)).filter(({ path }) => path in GOOD);
  const accessToken = await service.actorToken();
  const headersFor = (path: string) => ({
    "content-type": "application/json",
    authorization: `DPoP ${accessToken}`,
    dpop: createDpopProof({
      key: service.key.privateKey,
      accessToken,
      method: "POST",
      url: `${server.issuer}${path}`,
      now: Date.now(),
      jti: randomUUID(),
    }),
  });
  return {
    async send(report: Report): Promise<void> {
      for (const { path, body } of operations) {
        for (const { name, body: text, headers } of malformedJson(body?.schema ?? {}, GOOD[path]))
          await report.case(`a hostile body: ${path}, ${name}`, async () => {
            const all = { ...headersFor(path), ...headers };
            requireRefusal(await send(server, { method: "POST", path, headers: all, body: text }), "problem");
          });
      }
    },
  };
}
