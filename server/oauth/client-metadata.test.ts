import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Json } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { testClock } from "../audit/test-databases.ts";
import { codeOf } from "../delegation/fixture.ts";
import { Fault, hours, minutes, seconds } from "../lib/index.ts";
import { documentOf, openSite, type Site } from "./authorization/fixture.ts";
import { ClientDocuments, readClientMetadata } from "./client-metadata.ts";

const ID = "https://client.example/oauth/client.json";
const good = {
  client_id: ID,
  client_name: "A client",
  redirect_uris: ["https://client.example/cb"],
};
const key = { ...publicJwkOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey), kid: "k1" };

const refuses = (document: Json): void =>
  assert.throws(
    () => readClientMetadata(document, ID),
    (fault) => fault instanceof Fault && fault.code === "invalid-client",
    JSON.stringify(document),
  );

test("a client's document is read by what it says, and what we do not know in it is passed over", () => {
  const read = readClientMetadata({ ...good, logo_uri: "https://evil.example/logo", tos_uri: 7 }, ID);
  assert.deepEqual(read, {
    clientId: ID,
    attackerName: "A client",
    redirectUris: ["https://client.example/cb"],
    authentication: "none",
  });
  const keyed = readClientMetadata({ ...good, jwks: { keys: [key] } }, ID);
  assert.equal(keyed.authentication, "private_key_jwt");
});

test("a document with another id, a secret, no name, no redirect URI or no code flow is none", () => {
  refuses([]);
  refuses("client");
  refuses({ ...good, client_id: `${ID}/` });
  refuses({ ...good, client_id: ID.toUpperCase() });
  refuses({ ...good, client_secret: "hush" });
  refuses({ ...good, client_secret_expires_at: 0 });
  refuses({ ...good, client_name: "" });
  refuses({ ...good, client_name: "x".repeat(201) });
  refuses({ ...good, client_name: ["A client"] });
  refuses({ ...good, redirect_uris: [] });
  refuses({ ...good, redirect_uris: "https://client.example/cb" });
  refuses({ ...good, redirect_uris: [7] });
  refuses({ ...good, redirect_uris: Array.from({ length: 21 }, (_, i) => `https://client.example/${i}`) });
  refuses({ ...good, grant_types: ["client_credentials"] });
  refuses({ ...good, response_types: ["token"] });
});

test("a client with keys cannot be one that proves nothing, nor one without keys one that does", () => {
  refuses({ ...good, token_endpoint_auth_method: "client_secret_basic" });
  refuses({ ...good, token_endpoint_auth_method: "private_key_jwt" });
  refuses({ ...good, token_endpoint_auth_method: "none", jwks: { keys: [key] } });
  refuses({ ...good, jwks: { keys: [key] }, jwks_uri: "https://client.example/jwks" });
  refuses({ ...good, jwks: { keys: [{ ...key, d: "AAAA" }] } });
  refuses({ ...good, jwks_uri: "http://client.example/jwks" });
  refuses({ ...good, jwks_uri: "https://user@client.example/jwks" });
});

test("a redirect URI that leads to no web page is not answered, whatever the document says", () => {
  const uris = [
    "javascript:alert(1)",
    "com.example:/cb",
    "https://client.example/../cb",
    "https://client.example/cb",
  ];
  assert.deepEqual(readClientMetadata({ ...good, redirect_uris: uris }, ID).redirectUris, [
    "https://client.example/cb",
  ]);
});

describe("fetching a client's document", () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(() => site.close());

  const documents = (clock = testClock(), local = true) =>
    new ClientDocuments({ clock, outbound: { local } });
  const publish = (path: string, headers: Record<string, string> = {}, body?: string): string => {
    const id = site.url(path);
    site.pages.set(path, { body: body ?? documentOf(id), headers });
    return id;
  };
  const timesAsked = (path: string): number => site.asked.filter((asked) => asked === path).length;

  test("keeps it as long as its sender says, within our bounds", async () => {
    const cases: [string, Record<string, string>, number][] = [
      ["/says-nothing", {}, minutes(5)],
      ["/a-minute", { "cache-control": "public, max-age=60" }, minutes(1)],
      ["/for-ever", { "cache-control": "max-age=999999999" }, hours(1)],
      ["/never", { "cache-control": "no-store" }, seconds(10)],
      ["/zero", { "cache-control": "max-age=0" }, seconds(10)],
    ];
    for (const [path, headers, kept] of cases) {
      const clock = testClock();
      const known = documents(clock);
      const id = publish(path, headers);
      await known.metadata(id);
      clock.advance(kept - 1);
      await known.metadata(id);
      assert.equal(timesAsked(path), 1, path);
      clock.advance(1);
      await known.metadata(id);
      assert.equal(timesAsked(path), 2, path);
    }
  });

  test("keeps no failure and nothing that does not fit", async () => {
    const known = documents();
    const id = publish("/broken", { "cache-control": "max-age=3600" }, "{}");
    assert.equal(await codeOf(known.metadata(id)), "invalid-client");
    publish("/broken");
    assert.equal((await known.metadata(id)).attackerName, "Documented");
  });

  test("asks once, however many want it at the same time, and tells all of them of a failure", async () => {
    const known = documents();
    const id = publish("/wanted");
    await Promise.all(Array.from({ length: 50 }, () => known.metadata(id)));
    assert.equal(timesAsked("/wanted"), 1);
    const broken = publish("/wanted-and-broken", {}, "{}");
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(known.metadata(broken))));
    assert.deepEqual([...new Set(codes)], ["invalid-client"]);
    assert.equal(timesAsked("/wanted-and-broken"), 1);
  });

  test("follows no redirect, reads no more than 5 KB, and only JSON", async () => {
    const known = documents();
    publish("/target");
    site.pages.set("/moved", { body: "", status: 302, headers: { location: site.url("/target") } });
    const long = documentOf(site.url("/long"), { client_uri: "x".repeat(5 * 1024) });
    for (const id of [
      site.url("/moved"),
      publish("/long", {}, long),
      publish("/html", { "content-type": "text/html" }),
      site.url("/nothing"),
    ]) {
      assert.equal(await codeOf(known.metadata(id)), "invalid-client", id);
    }
    assert.equal(timesAsked("/target"), 0);
  });

  test("asks no address of this machine or its network unless this server is on it alone", async () => {
    const id = publish("/local");
    assert.equal(await codeOf(documents(testClock(), false).metadata(id)), "invalid-client");
    assert.equal(timesAsked("/local"), 0);
    for (const elsewhere of ["https://127.0.0.1/c", "https://10.0.0.1/c", "https://169.254.169.254/latest"])
      assert.equal(await codeOf(documents().metadata(elsewhere)), "invalid-client", elsewhere);
  });
});
