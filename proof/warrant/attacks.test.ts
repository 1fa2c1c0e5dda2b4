import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { encodeBase64url } from "../digest/index.ts";
import type { VerificationCode } from "../verification-error.ts";
import {
  agent,
  anchors,
  ecKey,
  edKey,
  expected,
  holder,
  holderOf,
  mint,
  next,
  now,
  payment,
  prove,
  resource,
  upTo,
} from "./fixture.ts";
import { createWarrantCache, narrowWarrant, verifyWarrant } from "./index.ts";
import { consentTo, consentVector, passkey } from "./vectors/consents.ts";
import { chain, forge, forgeNext, forgeRoot, root, then } from "./vectors/forge.ts";

/** Known attacks, each by its name. The vectors have every variant of them as data. */

const seconds = now / 1000;

/** Refused with a fresh verifier, and with one that has seen the honest chain: nobody gains by being known. */
function refused(attackerChain: string[], code: VerificationCode, proof = prove(attackerChain)): void {
  const cache = createWarrantCache(100);
  verifyWarrant(chain(3), { proof: prove(chain(3)) }, expected({ cache }));
  for (const known of [undefined, cache]) {
    assert.throws(() => verifyWarrant(attackerChain, { proof }, expected({ cache: known })), { code });
  }
}

test("a chain spliced from two is refused", () => {
  const [, , leaf = ""] = chain(3);
  const [otherRoot = "", otherLink = ""] = then(root({ jti: "twin" }));
  refused([otherRoot, otherLink, leaf], "broken-chain");
});

test("a link put behind a looser root of the same holder is refused", () => {
  const loose = mint({ jti: "loose", authorization_details: [{ ...payment, open_args: true }] });
  refused([loose, chain(2)[1] ?? ""], "broken-chain");
});

test("a child that is wider than its parent is refused", () => {
  refused(forgeNext(chain(1), { authorization_details: [upTo(500_001)] as never }), "widened");
  refused(forgeNext(chain(1), { aud: [resource, "https://other.example.com"] }), "widened");
  refused(forgeNext(chain(1), { exp: seconds + 881 }), "widened");
});

test("a holder does not choose where a verifier asks for the status of its link", () => {
  const status = (uri: string) => ({ status: { status_list: { idx: 0, uri } } }) as never;
  const ours = "https://as.example.com/statuslists/1";
  for (const uri of ["https://attacker.example/list", "http://169.254.169.254/", `${ours}?also`])
    refused(forgeNext(chain(1), status(uri)), "malformed");
  const known = forgeNext(chain(1), status(ours));
  assert.equal(verifyWarrant(known, { proof: prove(known) }, expected()).chain.length, 2);
});

test("a prefix of a chain is worth nothing to who holds a later link", () => {
  const [first = ""] = chain(2);
  refused([first], "not-bound", prove([first], { key: holder(1) }));
  refused([first], "not-bound", prove(chain(2)));
});

test("an algorithm that the key does not imply is refused, whatever was signed with it", () => {
  const [first = ""] = chain(1);
  const claims = chain(2)[1]?.split(".")[1] ?? "";
  const header = encodeBase64url(Buffer.from('{"alg":"HS256","typ":"warrant+jwt"}'));
  const secret = Buffer.from(JSON.stringify(holderOf(holder(0))));
  const mac = createHmac("sha256", secret).update(`${header}.${claims}`).digest();
  refused([first, `${header}.${claims}.${encodeBase64url(mac)}`], "wrong-alg", prove(chain(2)));
  refused(forgeNext(chain(1), {}, { header: { alg: "none", typ: "warrant+jwt" } }), "wrong-alg");
  refused(forgeNext(chain(1), {}, { header: { alg: "ES256", typ: "warrant+jwt" } }), "wrong-alg");
});

test("a key that the sender names, brings or points to signs nothing", () => {
  const header = { alg: "EdDSA", typ: "warrant+jwt" };
  const own = { key: edKey(77) };
  refused(forgeNext(chain(1), {}, { header: { ...header, kid: "root-ed" } }), "malformed");
  refused(
    forgeNext(chain(1), {}, { ...own, header: { ...header, jwk: { ...holderOf(own.key) } } }),
    "malformed",
  );
  refused(
    forgeNext(chain(1), {}, { ...own, header: { ...header, jku: "https://evil.example.com" } }),
    "malformed",
  );
  refused(forgeRoot({}, { ...own, header: { ...header, kid: "__proto__" } }), "unknown-key");
  refused(forgeRoot({}, { ...own, header: { ...header, kid: "root-ed" } }), "bad-signature");
});

test("a holder cannot make a root of its own, nor follow itself without a parent", () => {
  refused(forgeRoot({}, { key: holder(0) }), "bad-signature");
  refused(chain(2).slice(1), "unknown-key", prove(chain(2)));
});

test("a chain that is too long, too deep or too large is refused before anything is verified", () => {
  const nine = Array.from({ length: 9 }, () => chain(1)[0] ?? "");
  refused(nine, "too-deep", prove(chain(1)));
  refused(["A".repeat(66_000)], "too-large", prove(chain(1)));
  assert.throws(
    () => verifyWarrant(chain(5), { proof: prove(chain(5)) }, expected({ mostLinks: undefined })),
    {
      code: "too-deep",
    },
  );
});

test("a chain that comes back to an id it had is refused", () => {
  refused(forgeNext(chain(2), { jti: "w-0" }), "broken-chain");
});

test("a key may hold two links, and each holds no more than its own link says", () => {
  const again = then(chain(2), { holder: holderOf(holder(0)), grants: [upTo(10)] });
  const asked = (amount: number) => {
    const call = { ...expected().call, args: { amount_cents: amount, dept: "42" } } as never;
    return () => verifyWarrant(again, { proof: prove(again, { key: holder(0), call }) }, expected({ call }));
  };
  assert.equal(asked(10)().call?.grants.length, 3);
  assert.throws(asked(11), { code: "not-permitted", link: 2 });
});

test("a person, a task or an actor put in is refused", () => {
  refused(forgeNext(chain(1), { sub: "person_bob" }), "wrong-subject");
  refused(forgeNext(chain(1), { txn: "task_2" }), "wrong-subject");
  refused(forgeNext(chain(1), { act: { ...agent("payer"), act: agent("other") } }), "broken-chain");
});

test("a proof counts for this tool, these arguments, this gateway, this link and this minute alone", () => {
  const two = chain(2);
  const call = { ...expected().call, args: { amount_cents: 1, dept: "42" } } as never;
  refused(two, "wrong-arguments", prove(two, { call }));
  refused(two, "wrong-tool", prove(two, { tool: "read_invoice" }));
  refused(two, "wrong-url", prove(two, { url: "https://mcp.example.com/hr" }));
  refused(two, "wrong-token-hash", prove(two, { accessToken: two[0] ?? "" }));
  refused(two, "stale", prove(two, { now: now - 60_000 }));
});

test("JSON with a second meaning is refused, though its signature holds", () => {
  const text = '{"exp":1,"exp":2}';
  const header = { alg: "EdDSA", typ: "warrant+jwt" };
  refused([...chain(1), forge(header, text, holder(0))], "not-canonical", prove(chain(2)));
  refused([...chain(1), forge(header, ` ${text}`, holder(0))], "not-canonical", prove(chain(2)));
});

test("a revoked link, holder, task or root ends the chain, wherever it stands in it", () => {
  const three = chain(3);
  const { rev } = verifyWarrant(three, { proof: prove(three) }, expected());
  assert.equal(rev.length, 1 + 2 + 1 + 3 + 3 + 3 + 3);
  for (const key of ["agent:payer", "instance:spiffe://example.org/agent/payer/1"])
    assert.ok(rev.includes(key), "a holder below the root, whatever key it has by now");
  for (const dead of rev) {
    const isDead = (keys: string[]) => keys.includes(dead);
    assert.throws(
      () => verifyWarrant(three, { proof: prove(three) }, expected({ isDead })),
      { code: "dead" },
      dead,
    );
  }
});

test("a root that gives more than the person agreed to does not pass with her consent", () => {
  const attempt = (agreed: "usual" | "less money") => {
    const links = then(root({ consent: consentTo[agreed].hash }));
    const { consent, assertion } = consentVector(agreed);
    const bytes = (text: string) => Buffer.from(text, "base64url");
    const presented = {
      consent,
      assertion: {
        authenticatorData: bytes(assertion.authenticatorData),
        clientDataJSON: bytes(assertion.clientDataJSON),
        signature: bytes(assertion.signature),
      },
    };
    return verifyWarrant(
      links,
      { proof: prove(links), consent: presented },
      expected({ passkeysOf: () => [passkey] }),
    );
  };
  assert.equal(attempt("usual").consent?.person, "person_alice");
  assert.throws(() => attempt("less money"), { code: "widened" });
});

test("whoever holds only an ancestor's key cannot extend a chain", () => {
  const two = chain(2);
  assert.throws(() => narrowWarrant(two, next(2), holder(0)), { code: "not-bound" });
  refused(forgeNext(two, {}, { key: ecKey(78) }), "bad-signature");
  refused(forgeNext(two, {}, { key: anchors["root-ec"] }), "bad-signature");
});
