import type { Json } from "../../jcs/index.ts";
import { publicJwkOf } from "../../jwk/index.ts";
import { anchors, ecKey, edKey, holder, holderOf } from "../fixture.ts";
import { type Case, refused } from "./case.ts";
import { chain, forgeNext, forgeRoot, nextText, root } from "./forge.ts";

/** Cases about how a link is written and signed: reference pitfalls of headers, keys and JSON. */

const typ = "warrant+jwt";
const one = () => chain(1);
const jwkOf = (number: number): Json => ({ ...holderOf(edKey(number)) });
const withHeader = (header: Json) => forgeNext(one(), {}, { header: header as never });
const withText = (change: (text: string) => string) =>
  forgeNext(one(), {}, { payload: change(nextText(one())) });

/** A piece of a compact form changed by hand; its signature is of what it was. */
const edited = (links: string[], edit: (parts: string[]) => string[]): string[] => {
  const last = (links.at(-1) ?? "").split(".");
  return [...links.slice(0, -1), edit(last).join(".")];
};

export function refusedForms(): Case[] {
  return [...signatures(), ...headers(), ...texts(), ...keys()];
}

function signatures(): Case[] {
  const two = chain(2);
  const [, leaf = ""] = chain(2);
  const [head = "", body = "", signature = ""] = leaf.split(".");
  return [
    refused("a stranger's signature", ["bad-signature", 1], forgeNext(one(), {}, { key: edKey(77) })),
    refused("a root that a holder signed", ["bad-signature", 0], forgeRoot({}, { key: holder(0) })),
    refused(
      "a root that another key of the issuer signed",
      ["wrong-alg", 0],
      forgeRoot({}, { key: anchors["root-ec"], header: { alg: "ES256", kid: "root-ed", typ } }),
    ),
    refused(
      "no signature",
      ["bad-signature", 1],
      edited(two, ([h = "", p = ""]) => [h, p, ""]),
    ),
    refused(
      "a signature of zeros",
      ["bad-signature", 1],
      edited(two, ([h = "", p = ""]) => [h, p, "A".repeat(86)]),
    ),
    refused(
      "claims under another link's signature",
      ["bad-signature", 1],
      edited(two, ([h = "", , s = ""]) => [h, one()[0]?.split(".")[1] ?? "", s]),
    ),
    refused(
      "base64url with padding",
      ["not-canonical", 1],
      edited(two, () => [head, body, `${signature}==`]),
    ),
    refused(
      "base64url with bits beyond the last byte",
      ["not-canonical", 1],
      edited(two, () => [head, body, `${signature.slice(0, -1)}${signature.endsWith("A") ? "B" : "_"}`]),
    ),
    refused(
      "base64 with its own two letters",
      ["not-canonical", 1],
      edited(two, () => [head, body, `+/${signature.slice(2)}`]),
    ),
    refused(
      "two parts",
      ["malformed", 1],
      edited(two, () => [head, body]),
    ),
    refused(
      "four parts",
      ["malformed", 1],
      edited(two, () => [head, body, signature, signature]),
    ),
    refused(
      "a root that no key here has signed",
      ["unknown-key", 0],
      root({}, "root-ed").map((each) => {
        const [, p = "", s = ""] = each.split(".");
        return [
          Buffer.from('{"alg":"EdDSA","kid":"root-x","typ":"warrant+jwt"}').toString("base64url"),
          p,
          s,
        ].join(".");
      }),
    ),
  ];
}

function headers(): Case[] {
  return [
    refused(
      "alg none",
      ["wrong-alg", 1],
      edited(withHeader({ alg: "none", typ }), ([h = "", p = ""]) => [h, p, ""]),
    ),
    refused("alg HS256, keyed with what is public", ["wrong-alg", 1], withHeader({ alg: "HS256", typ })),
    refused("alg RS256", ["wrong-alg", 1], withHeader({ alg: "RS256", typ })),
    refused("alg ES256 over an Ed25519 key", ["wrong-alg", 1], withHeader({ alg: "ES256", typ })),
    refused("alg missing", ["wrong-alg", 1], withHeader({ typ })),
    refused("typ of an access token", ["wrong-typ", 1], withHeader({ alg: "EdDSA", typ: "at+jwt" })),
    refused("typ missing", ["wrong-typ", 1], withHeader({ alg: "EdDSA" })),
    refused("typ in capitals", ["not-canonical", 1], withHeader({ alg: "EdDSA", typ: "WARRANT+JWT" })),
    refused(
      "typ with application/",
      ["not-canonical", 1],
      withHeader({ alg: "EdDSA", typ: "application/warrant+jwt" }),
    ),
    refused("a jwk in the header", ["malformed", 1], withHeader({ alg: "EdDSA", jwk: jwkOf(2), typ })),
    refused(
      "a jku in the header",
      ["malformed", 1],
      withHeader({ alg: "EdDSA", jku: "https://evil.example.com/jwks", typ }),
    ),
    refused("an x5c in the header", ["malformed", 1], withHeader({ alg: "EdDSA", typ, x5c: ["AAAA"] })),
    refused("crit in the header", ["malformed", 1], withHeader({ alg: "EdDSA", crit: ["exp"], typ })),
    refused("b64 false in the header", ["malformed", 1], withHeader({ alg: "EdDSA", b64: false, typ })),
    refused(
      "a member of the header that nobody knows",
      ["not-canonical", 1],
      withHeader({ alg: "EdDSA", cty: "x", typ }),
    ),
    refused("a header in another order", ["not-canonical", 1], withHeader(`{"typ":"${typ}","alg":"EdDSA"}`)),
    refused(
      "a header with a member twice",
      ["malformed", 1],
      withHeader(`{"alg":"EdDSA","alg":"EdDSA","typ":"${typ}"}`),
    ),
    refused(
      "the issuer's kid on a link of a holder",
      ["malformed", 1],
      withHeader({ alg: "EdDSA", kid: "root-ed", typ }),
    ),
    refused("a root without a kid", ["unknown-key", 0], forgeRoot({}, { header: { alg: "EdDSA", typ } })),
    refused(
      "a kid that is a path",
      ["unknown-key", 0],
      forgeRoot({}, { header: { alg: "EdDSA", kid: "../root-ed", typ } }),
    ),
    refused(
      "a kid that every object has",
      ["unknown-key", 0],
      forgeRoot({}, { header: { alg: "EdDSA", kid: "constructor", typ } }),
    ),
    refused(
      "a kid that is no text",
      ["malformed", 0],
      forgeRoot({}, { header: { alg: "EdDSA", kid: 1, typ } }),
    ),
  ];
}

function texts(): Case[] {
  return [
    refused(
      "a claim twice: the last would be looser",
      ["not-canonical", 1],
      withText((text) => text.replace('"exp":', '"exp":1,"exp":')),
    ),
    refused(
      "a grant's member twice",
      ["not-canonical", 1],
      withText((text) => text.replace('"actions":', '"actions":["tools/call"],"actions":')),
    ),
    refused(
      "white space",
      ["not-canonical", 1],
      withText((text) => text.replace(":", ": ")),
    ),
    refused(
      "claims in another order",
      ["not-canonical", 1],
      withText((text) => `{"sub":"person_alice",${text.replace('"sub":"person_alice",', "").slice(1)}`),
    ),
    refused(
      "a number written longer",
      ["not-canonical", 1],
      withText((text) => text.replace('"max":490000', '"max":490000.0')),
    ),
    refused(
      "a number that no double holds",
      ["not-canonical", 1],
      withText((text) => text.replace('"max":490000', '"max":9007199254740993')),
    ),
    refused(
      "a number beyond the safe ones",
      ["not-canonical", 1],
      withText((text) => text.replace('"max":490000', '"max":9007199254740992')),
    ),
    refused(
      "a letter that is escaped",
      ["not-canonical", 1],
      withText((text) => text.replace("pay_invoice", "\\u0070ay_invoice")),
    ),
    refused(
      "a lone surrogate",
      ["not-canonical", 1],
      withText((text) => text.replace("task_1", "task_1\\ud800")),
    ),
    refused(
      "a byte order mark",
      ["not-canonical", 1],
      withText((text) => `\ufeff${text}`),
    ),
    refused(
      "claims that are a list",
      ["malformed", 1],
      withText((text) => `[${text}]`),
    ),
    refused("a claim that nobody knows", ["malformed", 1], forgeNext(one(), { restriction: "none" })),
    refused(
      "a claim called __proto__",
      ["malformed", 1],
      withText((text) => text.replace('{"act":', '{"__proto__":{"exp":9999999999},"act":')),
    ),
  ];
}

function keys(): Case[] {
  const cnf = (jwk: Json) => forgeNext(one(), { cnf: { jwk } });
  const { kid: _, ...ec } = publicJwkOf(ecKey(3));
  const y = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  return [
    refused(
      "a holder's private key in the open",
      ["private-key", 1],
      cnf({ ...(jwkOf(3) as object), d: y } as never),
    ),
    refused(
      "a holder's key that is RSA",
      ["wrong-alg", 1],
      cnf({ e: "AQAB", kty: "RSA", n: Buffer.alloc(256, 0xff).toString("base64url") }),
    ),
    refused("a holder's key that is a shared secret", ["private-key", 1], cnf({ k: "AAAA", kty: "oct" })),
    refused(
      "a holder's key with a kid",
      ["malformed", 1],
      cnf({ ...(jwkOf(3) as object), kid: "root-ed" } as never),
    ),
    refused("a holder's key on no curve", ["malformed", 1], cnf({ ...ec, y } as never)),
    refused("a holder's key of small order", ["malformed", 1], cnf({ crv: "Ed25519", kty: "OKP", x: y })),
    refused(
      "a thumbprint in place of the holder's key",
      ["malformed", 1],
      forgeNext(one(), { cnf: { jkt: "A".repeat(43) } }),
    ),
    refused("no holder", ["missing-claim", 1], forgeNext(one(), { cnf: undefined })),
  ];
}
