import type { Grant } from "../../grant/index.ts";
import { call, ecKey, holder, holderOf, now, payment, resource, upTo } from "../fixture.ts";
import { allowed, type Case } from "./case.ts";
import { consentTo, consentVector, people } from "./consents.ts";
import { chain, proofFor, root, then } from "./forge.ts";

const seconds = now / 1000;
const elsewhere = "https://mcp.example.com/hr";

const strict: Grant = { ...upTo(90_000), max_uses: 3, approval: "required", acr: "urn:acr:mfa" };
const open: Grant = {
  type: "agent_tool",
  locations: [resource],
  actions: ["tools/call"],
  identifier: "pay_invoice",
  open_args: true,
};
const lenient: Grant = {
  ...payment,
  args: {
    host: { op: "prefix_dns", name: "example.com" },
    address: { op: "cidr", block: "10.0.0.0/8" },
    note: { op: "max_len", length: 20, optional: true },
    tags: { op: "subset", values: ["a", "b", "c"] },
    kind: { op: "not_in", values: ["secret"] },
    amount: { op: "range", max: 100.5 },
  },
};
const tighter: Grant = {
  ...payment,
  args: {
    host: { op: "prefix_dns", name: "eu.example.com" },
    address: { op: "cidr", block: "10.1.0.0/16" },
    note: { op: "max_len", length: 5, optional: true },
    tags: { op: "subset", values: ["a", "b"] },
    kind: { op: "not_in", values: ["secret", "draft"] },
    amount: { op: "range", min: 0.5, max: 50.25 },
  },
};
const fitting = {
  host: "a.eu.example.com",
  address: "10.1.2.3",
  tags: ["a"],
  kind: "invoice",
  amount: 50.25,
};

const pair = (grants: Grant[], narrower: Grant[]) =>
  then(root({ authorization_details: grants }), { grants: narrower });
const withArgs = (args: typeof call.args) => ({ ...call, args: args ?? {} });

/** All on P-256: root, holder, holder. */
function ellipticChain(): string[] {
  const links = root({ cnf: { jwk: holderOf(ecKey(20)) } }, "root-ec");
  return then(links, { holder: holderOf(ecKey(21)) }, ecKey(20));
}

export function allowedCases(): Case[] {
  const consented = root({ consent: consentTo.usual.hash });
  return [
    allowed("a root alone, EdDSA", chain(1)),
    allowed("a root alone, ES256", chain(1, "root-ec")),
    allowed("two links of two kinds of key", chain(2)),
    allowed("three links", chain(3)),
    allowed("four links under an ES256 root", chain(4, "root-ec")),
    allowed("eight links, the most there are", chain(8), { options: { mostLinks: 8 } }),
    allowed("ES256 throughout", ellipticChain(), { proof: proofFor(ellipticChain(), { key: ecKey(21) }) }),
    allowed("the same holder twice is harmless", then(root(), { holder: holderOf(holder(0)) }), {
      proof: proofFor(then(root(), { holder: holderOf(holder(0)) }), { key: holder(0) }),
    }),
    allowed("an optional argument that is there", chain(3), {
      call: withArgs({ ...call.args, file: "/invoices/a.pdf" }),
    }),
    allowed("an open grant that a child closes", pair([open], [upTo(50_000)])),
    allowed("each kind of constraint, narrowed", pair([lenient], [tighter]), { call: withArgs(fitting) }),
    allowed("an audience fewer", then(root({ aud: [resource, elsewhere] }), { aud: [resource] })),
    allowed(
      "one of several grants",
      pair([payment, { ...payment, identifier: "read_invoice" }], [upTo(60_000)]),
    ),
    allowed("conditions that are left", pair([payment], [strict]), {
      conditions: {
        acr: ["urn:acr:mfa"],
        approval: "required",
        max_uses: [{ jti: "w-1", grant: 0, most: 3 }],
      },
    }),
    allowed(
      "every count of every link is left",
      pair([{ ...strict, ...upTo(500_000), max_uses: 9 }], [strict]),
      {
        conditions: {
          acr: ["urn:acr:mfa"],
          approval: "required",
          max_uses: [
            { jti: "w-0", grant: 0, most: 9 },
            { jti: "w-1", grant: 0, most: 3 },
          ],
        },
      },
    ),
    allowed(
      "of two grants that permit it the one that asks for less",
      pair([strict, payment], [strict, upTo(90_000)]),
      {
        conditions: {},
      },
    ),
    allowed("the status list is left where no feed is followed", chain(2), {
      options: { dead: null },
      conditions: { status: [{ status_list: { idx: 7, uri: "https://as.example.com/statuslists/1" } }] },
    }),
    allowed("nbf that has come, and rises", then(root({ nbf: seconds - 10 }), { nbf: seconds - 5 })),
    allowed("iat 30 s ahead, within the skew", then(root(), { iat: seconds + 30 })),
    allowed("the last second before the end", chain(2), {
      options: { now: now + 869_000 },
      proof: proofFor(chain(2), { now: now + 869_000 }),
    }),
    allowed("arguments beyond ASCII", pair([open], [open]), {
      call: withArgs({ note: "Größe \u{1f600} \u2028" }),
    }),
    allowed("a root of an agent that was itself delegated to", then(root({ act: people.nested }))),
    allowed("the person's consent", then(consented), { consent: consentVector("usual"), consented: true }),
    allowed(
      "a consent on three links, to the agent by name",
      then(then(root({ consent: consentTo.usual.hash, act: people.byName }))),
      {
        consent: consentVector("usual"),
        consented: true,
      },
    ),
    allowed("a root over a consent that nobody handed on: not consented", then(consented)),
  ];
}
