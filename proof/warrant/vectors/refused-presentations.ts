import { createDpopProof } from "../../dpop/index.ts";
import { call, edKey, holder, now, payment, resource } from "../fixture.ts";
import { type Case, refused } from "./case.ts";
import { type ConsentName, consentTo, consentVector } from "./consents.ts";
import { chain, forge, proofFor, root, then } from "./forge.ts";

/** Cases about who presents a sound chain, for which call, and over which consent. */

export function refusedPresentations(): Case[] {
  return [...proofs(), ...calls(), ...revocations(), ...consents()];
}

function proofs(): Case[] {
  const two = chain(2);
  const [rootLink = ""] = two;
  const by = (change: Parameters<typeof proofFor>[1]) => ({ proof: proofFor(two, change) });
  const bare = createDpopProof({
    key: holder(0),
    method: "POST",
    url: resource,
    now,
    jti: "p-1",
    accessToken: rootLink,
  });
  return [
    refused("a prefix in the hands of the next holder", ["not-bound"], [rootLink], {
      proof: proofFor([rootLink], { key: holder(1) }),
    }),
    refused("a prefix with the proof of the whole", ["not-bound"], [rootLink], { proof: proofFor(two) }),
    refused("the proof of a stranger", ["not-bound"], two, by({ key: edKey(77) })),
    refused("the proof of the holder before", ["not-bound"], two, by({ key: holder(0) })),
    refused("a proof over the root", ["wrong-token-hash"], two, by({ accessToken: rootLink })),
    refused("a proof over no warrant", ["missing-claim"], [rootLink], {
      proof: forge(
        { alg: "EdDSA", jwk: jwkOfRoot(), typ: "dpop+jwt" },
        { htm: "POST", htu: resource, iat: now / 1000, jti: "p-1" },
        holder(0),
      ),
    }),
    refused("a proof over no call", ["missing-claim"], [rootLink], { proof: bare }),
    refused(
      "a proof for other arguments",
      ["wrong-arguments"],
      two,
      by({ call: { ...call, args: { amount_cents: 1, dept: "42" } } }),
    ),
    refused("a proof for another tool", ["wrong-tool"], two, by({ tool: "read_invoice" })),
    refused("a proof for another gateway", ["wrong-url"], two, by({ url: "https://mcp.example.com/hr" })),
    refused("a proof for another method", ["wrong-method"], two, by({ method: "GET" })),
    refused("a proof that is old", ["stale"], two, by({ now: now - 60_000 })),
    refused("a proof from the future", ["not-yet-valid"], two, by({ now: now + 31_000 })),
    refused("a proof without the nonce", ["wrong-nonce"], two, { options: { nonce: "n-2" } }),
    refused("a proof with an old nonce", ["wrong-nonce"], two, {
      ...by({ nonce: "n-1" }),
      options: { nonce: "n-2" },
    }),
    refused("no proof", ["malformed"], two, { proof: "" }),
    refused("a warrant as its own proof", ["wrong-typ"], two, { proof: two[1] ?? "" }),
    refused("the audience of another resource", ["wrong-audience", 0], two, {
      options: { audience: "https://mcp.example.com/hr" },
    }),
  ];
}

const jwkOfRoot = () => ({ crv: "Ed25519", kty: "OKP", x: "gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q" });

function calls(): Case[] {
  const three = chain(3);
  const asked = (name: string, args: typeof call.args, link: number, links = three): Case =>
    refused(name, ["not-permitted", link], links, { call: { ...call, args: args ?? {} } });
  const { amount_cents: _, ...noAmount } = call.args ?? {};
  return [
    asked("more than the root gives", { ...call.args, amount_cents: 500_001 }, 0),
    asked("more than the link in the middle gives", { ...call.args, amount_cents: 495_000 }, 1),
    asked("more than the leaf gives", { ...call.args, amount_cents: 485_000 }, 2),
    asked("less than the least", { ...call.args, amount_cents: 0 }, 0),
    asked("an amount that is a text", { ...call.args, amount_cents: "48000" }, 0),
    asked("an argument that nobody named", { ...call.args, memo: "x" }, 0),
    asked("an argument called __proto__", JSON.parse('{"amount_cents":48000,"dept":"42","__proto__":{}}'), 0),
    asked("an argument that is missing", noAmount, 0),
    asked("a file with ..", { ...call.args, file: "/invoices/../etc/passwd" }, 0),
    asked("a path beside: /invoices2", { ...call.args, file: "/invoices2/a.pdf" }, 0),
    asked("a path with a backslash", { ...call.args, file: "/invoices\\..\\a" }, 0),
    asked("a path with a NUL", { ...call.args, file: "/invoices/a\u0000.pdf" }, 0),
    refused(
      "a tool that only the root gives",
      ["not-permitted", 1],
      then(root({ authorization_details: [payment, { ...payment, identifier: "delete_invoice" }] })),
      {
        call: { ...call, identifier: "delete_invoice" },
      },
    ),
    refused("an action that nobody gave", ["not-permitted", 0], three, {
      call: { ...call, action: "resources/read" },
    }),
  ];
}

function revocations(): Case[] {
  const three = chain(3);
  const dead = (name: string, key: string): Case =>
    refused(name, ["dead"], three, { options: { dead: [key] } });
  return [
    dead("a root that was revoked", "jti:w-0"),
    dead("a link of the middle that was revoked", "jti:w-1"),
    dead("a leaf that was revoked", "jti:w-2"),
    dead("a task that has ended", "task:task_1"),
    dead("an agent that was suspended, as its root says", "agent:planner#0"),
    dead("the first holder's key", "jkt:aVBtapLd11SUVKIMGJfPzOEDuN0sXcmzJQNVT-_sKEU"),
  ];
}

function consents(): Case[] {
  const over = (name: ConsentName) => then(root({ consent: consentTo[name].hash }));
  return [
    refused("another consent than the root's", ["wrong-consent"], over("usual"), {
      consent: consentVector("less money"),
    }),
    refused("a consent for a root that names none", ["wrong-consent"], chain(2), {
      consent: consentVector("usual"),
    }),
    refused("a signature for another consent", ["wrong-challenge"], over("usual"), {
      consent: consentVector("usual", "less money"),
    }),
    refused("a root that gives more than she agreed to", ["widened"], over("less money"), {
      consent: consentVector("less money"),
    }),
    refused("a root that outlasts what she agreed to", ["widened"], over("an earlier end"), {
      consent: consentVector("an earlier end"),
    }),
    refused("a consent that has ended", ["expired"], over("an end that has come"), {
      consent: consentVector("an end that has come"),
    }),
    refused("a consent to another task", ["wrong-consent"], over("another task"), {
      consent: consentVector("another task"),
    }),
    refused("a consent to another agent", ["wrong-consent"], over("another agent"), {
      consent: consentVector("another agent"),
    }),
    refused("a consent to an agent of that name elsewhere", ["wrong-consent"], over("another domain"), {
      consent: consentVector("another domain"),
    }),
    refused("a consent of somebody whose passkey nobody knows", ["unknown-key"], over("another person"), {
      consent: consentVector("another person"),
    }),
    refused("a consent whose signature is cut", ["bad-signature"], over("usual"), {
      consent: cut(consentVector("usual")),
    }),
    refused("a consent with a member more", ["malformed"], over("usual"), {
      consent: {
        ...consentVector("usual"),
        consent: { ...(consentVector("usual").consent as object), more: 1 },
      },
    }),
  ];
}

const cut = (vector: ReturnType<typeof consentVector>): ReturnType<typeof consentVector> => ({
  ...vector,
  assertion: { ...vector.assertion, signature: vector.assertion.signature.slice(0, -2) },
});
