import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isClientDocumentUrl } from "./client.ts";
import { isRedirectUri, isRegisteredRedirect } from "./redirect-uri.ts";

const letters = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const port = fc.integer({ min: 1, max: 65_535 });
const web = fc.tuple(letters, letters).map(([host, path]) => `https://${host}.example/${path}`);
const loopback = fc
  .tuple(fc.constantFrom("127.0.0.1", "[::1]", "localhost"), port, letters)
  .map(([host, at, path]) => new URL(`http://${host}:${at}/${path}`).href);
const uri = fc.oneof(web, loopback);

test("a redirect URI is answered where exactly it is registered, or the same on another port of one's own machine", () => {
  fc.assert(
    fc.property(uri, uri, (registered, asked) => {
      const allowed = isRegisteredRedirect([registered], asked);
      const [a, b] = [new URL(registered), new URL(asked)];
      const local = a.protocol === "http:" && b.protocol === "http:" && a.hostname === b.hostname;
      assert.equal(allowed, registered === asked || (local && a.pathname === b.pathname));
    }),
  );
});

test("no character added to a redirect URI leads anywhere else than to a refusal", () => {
  fc.assert(
    fc.property(uri, fc.nat(80), fc.string({ minLength: 1, maxLength: 3 }), (registered, at, added) => {
      const place = Math.min(at, registered.length);
      const changed = registered.slice(0, place) + added + registered.slice(place);
      if (!isRegisteredRedirect([registered], changed)) return;
      const [a, b] = [new URL(registered), new URL(changed)];
      b.port = a.port;
      assert.equal(b.href, a.href);
      assert.equal(a.protocol, "http:");
    }),
    { numRuns: 300 },
  );
});

test("what a URL parser would write otherwise is no redirect URI and no client id", () => {
  for (const text of [
    "https://client.example",
    "https://client.example/a/../b",
    "https://client.example/./b",
    "https://client.example:443/b",
    "https://CLIENT.example/b",
    "https://client.example/b#f",
    "https://user:pw@client.example/b",
    "https://cli\u0435nt.example/b",
    "ftp://client.example/b",
    "http://client.example/b",
    "client.example/b",
    "",
  ]) {
    assert.equal(isRedirectUri(text), false, text);
    assert.equal(isClientDocumentUrl(text), false, text);
  }
  assert.equal(isClientDocumentUrl("https://client.example/"), false, "a client id has a path");
  assert.equal(isClientDocumentUrl("https://client.example/c?x=1"), false);
  assert.ok(isClientDocumentUrl("https://client.example/c.json"));
});
