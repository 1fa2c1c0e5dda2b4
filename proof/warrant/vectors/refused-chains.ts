import { agent, holder, now, payment, resource } from "../fixture.ts";
import { readLink } from "../index.ts";
import { type Case, refused } from "./case.ts";
import { chain, forgeNext, forgeRoot, proofFor, root, then } from "./forge.ts";

/** Cases about how links hang together: splicing, depth, time, and what must stay the same. */

const seconds = now / 1000;
const elsewhere = "https://mcp.example.com/hr";
const one = () => chain(1);

export function refusedChains(): Case[] {
  return [...splices(), ...depths(), ...times(), ...causes(), ...roots()];
}

function splices(): Case[] {
  const three = chain(3);
  const [rootLink = "", middle = "", leaf = ""] = three;
  const loose = root({ jti: "loose", authorization_details: [{ ...payment, open_args: true }] });
  const twin = then(root({ jti: "twin" }));
  return [
    refused("a link behind a looser root of the same holder", ["broken-chain", 1], [...loose, middle]),
    refused("the end of one chain behind another", ["broken-chain", 2], [...twin, leaf]),
    refused("a link left out", ["wrong-alg", 1], [rootLink, leaf]),
    refused(
      "a link left out between keys of one kind",
      ["bad-signature", 2],
      [rootLink, middle, chain(5)[4] ?? ""],
    ),
    refused("links in another order", ["unknown-key", 0], [middle, rootLink, leaf]),
    refused("a chain without its root", ["unknown-key", 0], [middle, leaf]),
    refused("a link twice", ["wrong-alg", 2], [rootLink, middle, middle]),
    refused("two roots", ["bad-signature", 1], [rootLink, rootLink]),
    refused(
      "a root as the next link of its own holder",
      ["malformed", 1],
      forgeNext(one(), { par_hash: undefined }),
    ),
    refused("par_hash of another link", ["broken-chain", 1], forgeNext(one(), { par_hash: "A".repeat(43) })),
    refused("par_hash that is no digest", ["malformed", 1], forgeNext(one(), { par_hash: "A".repeat(42) })),
    refused(
      "iss that is the issuer's",
      ["wrong-issuer", 1],
      forgeNext(one(), { iss: "https://as.example.com" }),
    ),
    refused(
      "iss that is the next holder's own",
      ["wrong-issuer", 1],
      forgeNext(one(), { iss: `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${"A".repeat(43)}` }),
    ),
    refused("the same jti twice", ["broken-chain", 1], forgeNext(one(), { jti: "w-0" })),
    refused("the same jti twice, two links apart", ["broken-chain", 2], forgeNext(chain(2), { jti: "w-0" })),
    refused(
      "an actor spliced in",
      ["broken-chain", 1],
      forgeNext(one(), { act: { ...agent("payer"), act: agent("other") } }),
    ),
    refused("an actor left out", ["broken-chain", 1], forgeNext(one(), { act: agent("payer") })),
    refused(
      "an actor that does not change",
      ["broken-chain", 1],
      forgeNext(one(), { act: agent("planner") }),
    ),
    refused(
      "an actor with a member that nobody knows",
      ["malformed", 1],
      forgeNext(one(), { act: { ...agent("payer"), act: agent("planner"), admin: true } }),
    ),
  ];
}

function depths(): Case[] {
  return [
    refused("five links where four are taken", ["too-deep"], chain(5), { options: { mostLinks: 4 } }),
    refused("nine links", ["too-deep"], [...chain(8), chain(2)[1] ?? ""], {
      options: { mostLinks: 8 },
      proof: proofFor(chain(2)),
    }),
    refused("a depth that skips one", ["too-deep", 1], forgeNext(one(), { del_depth: 2 })),
    refused("a depth that stays", ["too-deep", 1], forgeNext(one(), { del_depth: 0 })),
    refused(
      "a ceiling that rises",
      ["too-deep", 1],
      forgeNext(root({ del_max_depth: 2 }), { del_max_depth: 3 }),
    ),
    refused(
      "a link below the ceiling",
      ["too-deep", 2],
      forgeNext(then(root({ del_max_depth: 2 }), { maxDepth: 2 }), { del_max_depth: 1 }),
    ),
    refused("a link that the one before did not allow", ["too-deep", 1], forgeNextBeyond()),
    refused("a depth that is no whole number", ["too-deep", 1], forgeNext(one(), { del_depth: 1.5 })),
    refused("a depth beyond all", ["too-deep", 1], forgeNext(one(), { del_max_depth: 8 })),
    refused("a chain too large", ["too-large"], [one()[0] ?? "", "A".repeat(70_000)]),
    refused("a link too large", ["too-large", 0], ["A".repeat(20_000)], { proof: proofFor(one()) }),
    refused("no link", ["malformed"], [], { proof: proofFor(one()) }),
  ];
}

/** The parent says that nobody may follow. */
function forgeNextBeyond(): string[] {
  const [last = ""] = root({ del_max_depth: 0, jti: "w-last" });
  const par_hash = readLink(last).hash;
  return [last, forgeNext(one(), { par_hash, del_max_depth: 1 })[1] ?? ""];
}

function times(): Case[] {
  return [
    refused("an end after the parent's", ["widened", 1], forgeNext(one(), { exp: seconds + 881 })),
    refused("made before the parent", ["widened", 1], forgeNext(one(), { iat: seconds - 21 })),
    refused(
      "a beginning before the parent's",
      ["widened", 1],
      forgeNext(root({ nbf: seconds }), { nbf: seconds - 1 }),
    ),
    refused("a beginning left out", ["widened", 1], forgeNext(root({ nbf: seconds }), { nbf: undefined })),
    refused("an end before the beginning", ["malformed", 1], forgeNext(one(), { exp: seconds - 30 })),
    refused("an end that is no number", ["malformed", 1], forgeNext(one(), { exp: "9999999999" })),
    refused("no end", ["missing-claim", 1], forgeNext(one(), { exp: undefined })),
    refused("more than an hour", ["too-long-lived", 0], forgeRoot({ exp: seconds + 3_600 })),
    refused("a leaf that has ended", ["expired", 1], then(root(), { exp: seconds })),
    refused("a root that has ended", ["expired", 0], chain(2), {
      options: { now: now + 880_000 },
      proof: proofFor(chain(2), { now: now + 880_000 }),
    }),
    refused(
      "a link of the middle that has ended, before a leaf that has too",
      ["expired", 1],
      then(then(root(), { exp: seconds - 1 }), { exp: seconds - 1 }),
    ),
    refused("iat 31 s ahead", ["not-yet-valid", 1], then(root(), { iat: seconds + 31 })),
    refused("nbf 31 s ahead", ["not-yet-valid", 0], then(root({ nbf: seconds + 31 }))),
  ];
}

function causes(): Case[] {
  return [
    refused("another person", ["wrong-subject", 1], forgeNext(one(), { sub: "person_bob" })),
    refused("another kind of person", ["wrong-subject", 1], forgeNext(one(), { sub_profile: "ai_agent" })),
    refused("another task", ["wrong-subject", 1], forgeNext(one(), { txn: "task_2" })),
    refused(
      "a consent on a link that is no root",
      ["malformed", 1],
      forgeNext(one(), { consent: "A".repeat(43) }),
    ),
    refused(
      "revocation keys on a link that is no root",
      ["malformed", 1],
      forgeNext(one(), { rev: ["agent:other"] }),
    ),
    refused("an audience more", ["widened", 1], forgeNext(one(), { aud: [elsewhere, resource] })),
    refused(
      "an audience more, and a grant there",
      ["widened", 1],
      forgeNext(one(), {
        aud: [elsewhere],
        authorization_details: [{ ...(payment as object), locations: [elsewhere] } as never],
      }),
    ),
    refused("no audience", ["malformed", 1], forgeNext(one(), { aud: [] })),
    refused("an audience that is a text", ["malformed", 1], forgeNext(one(), { aud: resource })),
    refused(
      "a grant outside its own audience",
      ["malformed", 1],
      forgeNext(root({ aud: [resource, elsewhere] }), { aud: [elsewhere] }),
    ),
  ];
}

function roots(): Case[] {
  return [
    refused("a root of another issuer", ["wrong-issuer", 0], forgeRoot({ iss: "https://other.example.com" })),
    refused("a root with a depth", ["too-deep", 0], forgeRoot({ del_depth: 1 })),
    refused("a root with a par_hash", ["malformed", 0], forgeRoot({ par_hash: "A".repeat(43) })),
    refused("a root without grants", ["missing-claim", 0], forgeRoot({ authorization_details: undefined })),
    refused(
      "a root with a status that nobody can read",
      ["malformed", 0],
      forgeRoot({ status: { other: 1 } }),
    ),
    refused(
      "a root that nobody could revoke",
      ["missing-claim"],
      forgeRoot({ status: undefined, rev: undefined }),
      { options: { dead: null } },
    ),
    refused(
      "a holder that makes a root of its own",
      ["unknown-key", 0],
      forgeRoot(
        { iss: "urn:ietf:params:oauth:jwk-thumbprint:sha-256:x" },
        { key: holder(0), header: { alg: "EdDSA", kid: "w-0", typ: "warrant+jwt" } },
      ),
    ),
  ];
}
