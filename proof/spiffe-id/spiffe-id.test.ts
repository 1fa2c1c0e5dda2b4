import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSpiffeId, spiffeId, workloadOf } from "./index.ts";

function refuses(uri: string) {
  assert.throws(
    () => parseSpiffeId(uri),
    { name: "VerificationError", code: "malformed" },
    JSON.stringify(uri),
  );
}

const trustDomainCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._-";
const pathCharacters = `${trustDomainCharacters}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;

test("of all bytes 0 to 255 the trust domain takes a-z, 0-9, dot, - and _", () => {
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code);
    const uri = `spiffe://trustdomain${character}`;
    // A slash begins a path, which is then empty: refused as well.
    if (trustDomainCharacters.includes(character)) {
      assert.equal(parseSpiffeId(uri).trustDomain, `trustdomain${character}`);
    } else refuses(uri);
    if (!trustDomainCharacters.includes(character)) refuses(`spiffe://${character}trustdomain/path`);
  }
});

test("of all bytes 0 to 255 a path segment takes letters, digits, dot, - and _", () => {
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code);
    const uri = `spiffe://trustdomain/path${character}`;
    if (pathCharacters.includes(character)) assert.equal(parseSpiffeId(uri).path, `/path${character}`);
    else refuses(uri);
    if (!pathCharacters.includes(character) && character !== "/")
      refuses(`spiffe://trustdomain/${character}path`);
  }
});

const bad = [
  "",
  "s",
  "spiffe:/",
  "Spiffe://",
  "spiffe://",
  "spiffe:///",
  "spiffe:///path",
  "http://trustdomain/path",
];
bad.push(
  "Spiffe://trustdomain",
  "SPIFFE://trustdomain/path",
  "spiffe://TrustDomain",
  "spiffe:trustdomain",
  "//path",
);
for (const path of [
  "/",
  "//",
  "//path",
  "/path/",
  "/path//other",
  "/.",
  "/./path",
  "/path/./other",
  "/path/.",
]) {
  bad.push(`spiffe://trustdomain${path}`);
}
for (const path of [
  "/..",
  "/../path",
  "/path/../other",
  "/path/..",
  "/%F0%9F%A4%AF",
  "/%62%61%64",
  "/🤯",
  "?q",
  "/a?q",
  "#f",
]) {
  bad.push(`spiffe://trustdomain${path}`);
}
bad.push(
  "spiffe://%F0%9F%A4%AF/path",
  "spiffe://%62%61%64/path",
  "spiffe://user@trustdomain/path",
  "spiffe://td:80/path",
);
bad.push(
  "spiffe://[::1]/path",
  " spiffe://trustdomain",
  "spiffe://trustdomain\n",
  "spiffe://trustdomain/path\n",
);
for (const uri of bad) {
  test(`${JSON.stringify(uri)} is no SPIFFE ID`, () => refuses(uri));
}

for (const path of ["", "/path", "/pa/th", "/.path", "/..path", "/...", "/a.b/c-d/e_f/G"]) {
  test(`spiffe://trustdomain${path} is a SPIFFE ID`, () => {
    const uri = `spiffe://trustdomain${path}`;
    assert.deepEqual(parseSpiffeId(uri), { uri, trustDomain: "trustdomain", path });
  });
}

test("a trust domain may look like an IPv4 address and has at most 255 bytes", () => {
  assert.equal(parseSpiffeId("spiffe://1.2.3.4/x").trustDomain, "1.2.3.4");
  assert.equal(parseSpiffeId(`spiffe://${"a".repeat(255)}/x`).path, "/x");
  refuses(`spiffe://${"a".repeat(256)}/x`);
});

test("2048 bytes are supported and no more", () => {
  const prefix = "spiffe://td/";
  parseSpiffeId(prefix + "a".repeat(2048 - prefix.length));
  refuses(prefix + "a".repeat(2049 - prefix.length));
});

test("what is built is parsed back to its parts", () => {
  const segment = fc
    .string({ unit: fc.constantFrom(...pathCharacters), minLength: 1, maxLength: 20 })
    .filter((text) => text !== "." && text !== "..");
  fc.assert(
    fc.property(
      fc.constantFrom("agent" as const, "service" as const),
      segment,
      segment,
      (kind, name, instance) => {
        const id = spiffeId("example.org", kind, name, instance);
        assert.equal(id.uri, `spiffe://example.org/${kind}/${name}/${instance}`);
        assert.deepEqual(workloadOf(parseSpiffeId(id.uri)), { kind, name, instance });
      },
    ),
  );
  assert.equal(spiffeId("example.org", "host", "web-1").uri, "spiffe://example.org/host/web-1");
  assert.deepEqual(workloadOf(spiffeId("example.org", "host", "web-1")), { kind: "host", name: "web-1" });
});

test("a part cannot smuggle in another part", () => {
  for (const part of ["a/b", "..", "", "a%2Fb", "a b", "a?b", "a\n"]) {
    assert.throws(() => spiffeId("example.org", "agent", part, "i1"), { code: "malformed" });
    assert.throws(() => spiffeId("example.org", "agent", "a", part), { code: "malformed" });
  }
  for (const domain of ["", "example.org/agent", "user@example.org", "Example.org"]) {
    assert.throws(() => spiffeId(domain, "agent", "a", "i1"), { code: "malformed" });
  }
});

test("a path of another form names no workload", () => {
  for (const path of ["", "/agent", "/agent/a", "/agent/a/b/c", "/host/a/b", "/person/a/b", "/Agent/a/b"]) {
    assert.equal(workloadOf(parseSpiffeId(`spiffe://example.org${path}`)), undefined);
  }
});
