import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { ask, callFor, fault, type Opened, payment, promisesOn } from "../approvals/fixture.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { defineTool, findTool } from "../catalog/index.ts";
import { openKeyRing } from "../keys/index.ts";
import { factSource } from "./fact-source.ts";

/** A real source: what each invoice says is owed. It answers nobody without a credential. */
const books = createServer((request, response) => {
  const [, invoice = ""] = /^\/invoices\/([^/]+)$/.exec(request.url ?? "") ?? [];
  const owed = { "R-7": 500 }[invoice];
  const known = owed !== undefined && request.headers.authorization?.startsWith("Bearer ey") === true;
  response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify({ total: { owed } }));
});
let origin = "";
before(async () => {
  await new Promise<void>((resolve) => books.listen(0, "127.0.0.1", resolve));
  origin = `http://localhost:${(books.address() as AddressInfo).port}`;
});
after(() => books.close());

/** `finance/pay` may pay just what is owed. */
async function withBooks({ deps, ada }: Opened): Promise<Opened["deps"] & { close(): void }> {
  const { digest: replaces } = (await findTool(deps, "finance/pay")) ?? assert.fail("not pinned");
  const url = `${origin}/invoices/{invoice}`;
  const definition = {
    ...{ server: "finance", name: "pay", description: "Pays.", labels: ["write" as const] },
    inputSchema: {
      type: "object" as const,
      properties: { amount: { type: "integer" as const }, invoice: { type: "string" as const } },
    },
    facts: [{ name: "owed", type: "integer" as const, url, pointer: "/total/owed", equals: "amount" }],
  };
  await defineTool(deps, ada.caller, { definition, replaces });
  const folder = mkdtempSync(join(tmpdir(), "books-"));
  const keys = await openKeyRing(deps, folder);
  const facts = factSource({ ...deps, keys, outbound: { local: true } });
  return { ...deps, facts, close: () => rmSync(folder, { recursive: true }) };
}

forEachEngine((engine) => {
  promisesOn(engine)(
    "a payment passes only where its amount is what the books say is owed",
    async (company) => {
      const deps = await withBooks(company);
      const pay = async (args: { amount: number; invoice: string }) =>
        ask(deps, await callFor(deps, company.pat, { ...payment(0), args }));
      const reasons = async (args: { amount: number; invoice: string }) =>
        ((await fault(pay(args))).members.reasons as { policy: string }[]).map(({ policy }) => policy);
      try {
        assert.equal((await pay({ amount: 500, invoice: "R-7" })).verdict, "allow");
        assert.deepEqual(await reasons({ amount: 501, invoice: "R-7" }), ["argument-contradicts-fact"]);
        assert.deepEqual(await reasons({ amount: 500, invoice: "R-8" }), ["fact-missing"]);
        assert.deepEqual(await reasons({ amount: 500, invoice: "../invoices/R-7" }), ["fact-missing"]);
      } finally {
        deps.close();
      }
    },
  );
});
