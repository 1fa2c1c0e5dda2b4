import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { createClientAssertion } from "../client-assertion/index.ts";
import { issueDelegationToken } from "../delegation-token/index.ts";
import { encodeBase64url } from "../digest/index.ts";
import { createKeySet, publicJwkOf } from "../jwk/index.ts";
import { signCompact } from "../jws/index.ts";
import { issueAccessToken } from "../token/index.ts";
import { VerificationError } from "../verification-error.ts";
import {
  anchors,
  chainOf,
  edKey,
  holder,
  issuer,
  keys,
  mint,
  next,
  now,
  payment,
  prove,
  resource,
  upTo,
} from "../warrant/fixture.ts";
import { narrowWarrant } from "../warrant/index.ts";
import type { Case } from "../warrant/vectors/case.ts";
import { inspectToken } from "./index.ts";

const seconds = now / 1000;
const known = { now, keys };
const signer = { kid: "root-ec", key: anchors["root-ec"] };

const accessToken = () =>
  issueAccessToken(
    {
      iss: issuer,
      sub: "person_alice",
      aud: resource,
      client_id: "spiffe://example.org/agent/writer/1",
      iat: seconds,
      exp: seconds + 300,
      jti: "jti_1",
      cnf: { jkt: "A".repeat(43) },
      act: { sub: "writer", act: { sub: "planner" } },
      authorization_details: [upTo(5)],
      rev: ["task:task_1"],
      strength: "enrolled-key",
      chain: [{ edge: "edge_1", agent: "planner" }],
    },
    signer,
  );

const fact = (text: string, label: string, options: Parameters<typeof inspectToken>[1] = known) =>
  inspectToken(text, options).parts[0]?.facts.find((each) => each.label === label)?.value;

test("a chain is read link by link: who gave what to whom, and what each link took away", () => {
  const chain = [mint({ authorization_details: [payment, { ...payment, identifier: "read_invoice" }] })];
  const narrowed = { ...upTo(90_000), approval: "required" as const, max_uses: 3 };
  chain.push(narrowWarrant(chain, next(1, { grants: [narrowed], maxDepth: 3 }), holder(0)));
  for (const text of [
    chain.join("~"),
    chain.join(", "),
    JSON.stringify(chain),
    `Warrant: ${chain.join(",")}\n`,
  ]) {
    const { kind, parts, problems } = inspectToken(text, known);
    assert.equal(kind, "warrant");
    assert.deepEqual(problems, []);
    const [root, leaf] = parts;
    assert.deepEqual(root?.from, { kind: "service", name: issuer });
    assert.deepEqual(root?.tookAway, []);
    assert.equal(root?.signature.state, "holds");
    assert.deepEqual(leaf?.from, { kind: "agent", name: "spiffe://example.org/agent/planner/1" });
    assert.deepEqual(leaf?.to, { kind: "agent", name: "spiffe://example.org/agent/payer/1" });
    assert.deepEqual(leaf?.signature, { state: "holds", by: "the key that holds the link before" });
    assert.deepEqual(leaf?.problems, []);
    assert.deepEqual(leaf?.tookAway, [
      `does not pass on read_invoice on ${resource} (amount_cents from 1 to 500000, dept in ["41", "42"], file under "/invoices/" if given; nothing else)`,
      "pay_invoice: amount_cents from 1 to 90000; before, from 1 to 500000",
      "pay_invoice: uses counted to 3; before, uncounted",
      "pay_invoice: each use now needs an approval",
      "ends 10 seconds sooner",
      "may be passed on 2 more times; it could have been 6",
    ]);
  }
});

test("what the verifier refuses about the links of a chain is told where it is", () => {
  const { cases } = JSON.parse(
    readFileSync(new URL("../warrant/vectors/vectors.json", import.meta.url), "utf8"),
  ) as { cases: Case[] };
  const needCall = new Set(["not-permitted", "wrong-audience"]);
  const told = cases.filter(({ code, link }) => link !== undefined && !needCall.has(code ?? ""));
  assert.ok(told.length > 100);
  for (const { name, chain, link = 0, options } of told) {
    // Another issuer than ours is no fault of the text.
    if (name === "a root of another issuer") continue;
    try {
      const { parts, problems } = inspectToken(JSON.stringify(chain), { keys, now: options?.now ?? now });
      assert.ok((parts[link]?.problems.length ?? 0) + problems.length > 0, name);
    } catch (error) {
      assert.ok(error instanceof VerificationError, name);
    }
  }
});

test("a sound chain shows no problem, with or without the issuer's keys", () => {
  for (const given of [{ now }, known]) {
    const { parts, problems } = inspectToken(chainOf(4).join("~"), given);
    assert.deepEqual([...problems, ...parts.flatMap((part) => part.problems)], []);
  }
  const [root] = inspectToken(mint(), { now }).parts;
  assert.deepEqual(root?.signature, { state: "unchecked", why: "no keys of the issuer were given" });
});

test("a link without its chain is read, and said to be good for nothing alone", () => {
  const [, leaf = ""] = chainOf(2);
  const { parts, problems } = inspectToken(leaf, known);
  assert.equal(parts[0]?.from?.kind, "key");
  assert.equal(parts[0]?.signature.state, "unchecked");
  assert.match(problems[0]?.problem ?? "", /begin with a root/);
});

test("an access token names the person, who acts, and what is wrong with it", () => {
  const [part] = inspectToken(`Authorization: DPoP ${accessToken()}`, known).parts;
  assert.equal(part?.kind, "access-token");
  assert.deepEqual([part?.from?.name, part?.to?.name], ["person_alice", "writer"]);
  assert.equal(part?.signature.state, "holds");
  assert.deepEqual(part?.problems, []);
  assert.equal(fact(accessToken(), "handed on by"), "planner");
  assert.equal(fact(accessToken(), "chain"), "planner (edge_1)");
  const late = inspectToken(accessToken(), { keys, now: now + 300_000 });
  assert.deepEqual(
    late.parts[0]?.problems.map(({ code }) => code),
    ["expired"],
  );
  const forged = inspectToken(`${accessToken().slice(0, -6)}AAAAAA`, known);
  assert.equal(forged.parts[0]?.signature.state, "broken");
  assert.ok(forged.parts[0]?.problems.some(({ code }) => code === "bad-signature"));
});

test("by keys that do not know its signer nothing holds, whatever it is; warrants have keys of their own", () => {
  const strangers = createKeySet({ keys: [{ ...publicJwkOf(edKey(7)), kid: "root-other" }] });
  for (const text of [accessToken(), mint(), chainOf(3).join("~")]) {
    const [part] = inspectToken(text, { now, keys: strangers }).parts;
    assert.equal(part?.signature.state, "unchecked");
    assert.ok(part?.problems.some(({ code }) => code === "unknown-key"));
  }
  const codes = (text: string, given: object) =>
    inspectToken(text, { now, ...given }).parts.flatMap(({ problems }) => problems.map(({ code }) => code));
  assert.deepEqual(codes(chainOf(2).join("~"), { keys: strangers, warrantKeys: keys }), []);
  assert.deepEqual(codes(chainOf(2).join("~"), { keys, warrantKeys: strangers }), ["unknown-key"]);
  assert.deepEqual(codes(accessToken(), { keys, warrantKeys: strangers }), []);
});

test("an agent that nobody asked is shown as an agent, not as a person", () => {
  const own = "spiffe://example.org/agent/planner";
  const token = (more: object) =>
    signCompact({
      header: { typ: "at+jwt", kid: "root-ec" },
      payload: { iss: issuer, sub: own, ...more } as never,
      key: anchors["root-ec"],
    });
  const [acting] = inspectToken(token({ act: { sub: "writer" } }), known).parts;
  assert.deepEqual(acting?.from, { kind: "agent", name: own });
  assert.deepEqual(inspectToken(token({}), known).parts[0]?.to, { kind: "agent", name: own });
  const service = "spiffe://example.org/service/ledger/1";
  assert.deepEqual(inspectToken(token({ sub: service }), known).parts[0]?.to, {
    kind: "service",
    name: service,
  });
});

test("what a transaction token, a status list or a proof lacks for its own verifier is told", () => {
  const jwt = (typ: string, payload: object) =>
    signCompact({ header: { typ, kid: "root-ec" }, payload: payload as never, key: anchors["root-ec"] });
  const codes = (text: string, at = now) =>
    inspectToken(text, { keys, now: at }).parts[0]?.problems.map(({ code }) => code);
  const times = { iat: seconds, exp: seconds + 60 };
  const bare = { iss: issuer, aud: "example.org", sub: "person_alice", txn: "t", ...times };
  assert.deepEqual(codes(jwt("txntoken+jwt", bare)), ["missing-claim"]);
  assert.deepEqual(codes(jwt("statuslist+jwt", { sub: "https://x/1", ...times })), ["missing-claim"]);
  assert.deepEqual(codes(prove(chainOf(1)), now + 301_000), ["stale"]);
});

test("each other kind of token is told by its type", () => {
  const jwt = (typ: string, payload: object) =>
    signCompact({ header: { typ, kid: "root-ec" }, payload: payload as never, key: anchors["root-ec"] });
  const ticket = issueDelegationToken(
    {
      iss: issuer,
      aud: issuer,
      sub: "person_alice",
      may_act: { sub: "writer" },
      edge: "edge_1",
      task: "task_1",
      iat: seconds,
      exp: seconds + 60,
      jti: "j",
    },
    signer,
  );
  const assertion = createClientAssertion({ clientId: "writer", issuer, key: edKey(2), now, jti: "j" });
  const lst = encodeBase64url(deflateSync(Buffer.from("c944f9", "hex")));
  const list = jwt("statuslist+jwt", {
    sub: "https://x/1",
    iat: seconds,
    exp: seconds + 60,
    status_list: { bits: 2, lst },
  });
  const wanted: [string, string][] = [
    [ticket, "delegation-ticket"],
    [prove(chainOf(1)), "dpop-proof"],
    [assertion, "client-assertion"],
    [
      jwt("JWT", { iss: "writer", sub: "writer", aud: issuer, exp: seconds + 60, jti: "j" }),
      "client-assertion",
    ],
    [
      jwt("txntoken+jwt", {
        iss: issuer,
        sub: "person_alice",
        aud: "example.org",
        txn: "t",
        scope: "billing/pay",
        req_wl: "spiffe://example.org/agent/planner/1",
        rev: ["task:t"],
        tctx: { resource, tool: "billing/pay", args_hash: "A".repeat(43) },
        iat: seconds,
        exp: seconds + 60,
      }),
      "transaction-token",
    ],
    [
      jwt("oauth-id-jag+jwt", { sub: "alice@acme", aud: "https://other", iat: seconds, exp: seconds + 60 }),
      "id-jag",
    ],
    [list, "status-list"],
    [jwt("secevent+jwt", { iat: seconds }), "other"],
  ];
  for (const [text, kind] of wanted) {
    const { kind: found, parts } = inspectToken(text, known);
    assert.equal(found, kind);
    assert.deepEqual(parts[0]?.problems, [], kind);
    assert.notEqual(parts[0]?.signature.state, "broken", kind);
  }
  assert.equal(fact(list, "places"), "12 of 2 bits: 4 invalid, 2 suspended, 3 valid, 3 of status 3");
  assert.equal(inspectToken(prove(chainOf(1)), known).parts[0]?.signature.state, "holds");
});

test("a status list that would inflate without end is not inflated", () => {
  const lst = encodeBase64url(deflateSync(Buffer.alloc(8_000_000)));
  const claims = { sub: "https://x/1", status_list: { bits: 1, lst } };
  const text = signCompact({
    header: { typ: "statuslist+jwt", kid: "root-ec" },
    payload: claims,
    key: anchors["root-ec"],
  });
  assert.equal(fact(text, "places"), "cannot be read");
});

test("nobody's text breaks a line of what a link permits or took away", () => {
  const identifier = "pay\u202eevil\u2028";
  const chain = [mint({ authorization_details: [{ ...payment, identifier }] })];
  chain.push(narrowWarrant(chain, next(1, { grants: [{ ...upTo(5), identifier }] }), holder(0)));
  const { parts } = inspectToken(chain.join("~"), known);
  const lines = parts.flatMap(({ grants, tookAway }) => [...grants, ...tookAway]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  for (const line of lines) assert.doesNotMatch(line, /[\u0000-\u001f\u202a-\u202e]/);
});

test("whatever is pasted is read or refused, and never fails in another way", () => {
  const tokens = [accessToken(), chainOf(2).join("~"), prove(chainOf(1)), mint()];
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'[]~,."eyJ0 {}:Aa') }),
    fc
      .tuple(
        fc.constantFrom(...tokens),
        fc.nat(),
        fc.constantFrom("", ".", "A", "~", ",", "[", "é", "\u0000"),
      )
      .map(
        ([text, at, change]) => text.slice(0, at % text.length) + change + text.slice((at % text.length) + 1),
      ),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        inspectToken(text, known);
      } catch (error) {
        assert.ok(error instanceof VerificationError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
