import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { openChromium, withoutChromium } from "../../examples/authenticator/chromium.ts";
import { createDpopProof } from "../dpop/index.ts";
import { publicJwkOf, thumbprint } from "../jwk/index.ts";
import {
  casesOf,
  type JwsCase,
  jwsFile,
  type SignatureCase,
  signatureFiles,
  skip,
} from "../jws/test-wycheproof.ts";
import { events, knownBy, newSigner, publish } from "../log/log-in-memory.ts";
import { issueAccessToken } from "../token/index.ts";
import { modulesOfTheWebHalf, nativePath } from "./test-modules.ts";

/** What a page sees of the half under test. */
type Web = typeof import("./index.ts");

const now = 1_700_000_000_000;
const issuer = "https://auth.example";
const audience = "https://gate.example/api";

describe("in Chromium", withoutChromium, () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  before(async () => {
    server = await serveProof();
    browser = await openChromium();
    page = await browser.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /** Loads the half in the page and gives it what the test knows, as JSON. */
  const inPage = <T, R>(act: (web: Web, given: T) => Promise<R>, given: T): Promise<R> =>
    page.evaluate(`import("/web/index.ts").then((web) => (${act})(web, ${JSON.stringify(given)}))`);

  test("a token, its proof and a log verify, and a changed one is refused by the same code", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = { ...publicJwkOf(publicKey), kid: "k1" };
    const token = issueAccessToken(claimsFor(thumbprint(jwk)), { kid: "k1", key: privateKey });
    const proof = createDpopProof({
      key: privateKey,
      method: "POST",
      url: audience,
      now,
      jti: "p",
      accessToken: token,
    });
    const signer = newSigner();
    const log = await publish(events(600), signer);
    const tiles = Object.fromEntries([...log.tiles].map(([path, bytes]) => [path, [...bytes]]));
    const given = {
      token,
      proof,
      jwk,
      issuer,
      audience,
      now,
      log: { ...log, tiles },
      known: knownBy(signer),
    };

    const seen = await inPage(async (web, given) => {
      const { token, issuer, audience, now } = given;
      const keys = await web.createKeySet({ keys: [given.jwk] });
      const refusal = (step: Promise<unknown>) =>
        step.then(
          () => "passed",
          (error) => error.code,
        );
      const claims = await web.verifyAccessToken(token, { issuer, audience, keys, now });
      const request = { method: "POST", url: audience, now, windowSeconds: 60, accessToken: token };
      const { jkt } = await web.verifyDpopProof(given.proof, {
        ...request,
        expectedJkt: claims.cnf.jkt,
      });
      const reader = {
        checkpoint: async () => given.log.checkpoint,
        tile: async (path: string) => Uint8Array.from(given.log.tiles[path] ?? []),
      };
      const falsified = { ...reader, checkpoint: async () => given.log.checkpoint.replace("600", "599") };
      const flipped = token.slice(0, -2) + (token.endsWith("AA") ? "BA" : "AA");
      return {
        sub: claims.sub,
        jkt,
        size: (await web.verifyLog(reader, given.known)).size,
        changed: await refusal(web.verifyAccessToken(flipped, { issuer, audience, keys, now })),
        late: await refusal(web.verifyAccessToken(token, { issuer, audience, keys, now: now + 300_000 })),
        falsified: await refusal(web.verifyLog(falsified, given.known)),
      };
    }, given);
    assert.deepEqual(seen, {
      sub: "person_1",
      jkt: thumbprint(jwk),
      size: 600,
      changed: "bad-signature",
      late: "expired",
      falsified: "bad-signature",
    });
  });

  for (const [file, count] of signatureFiles) {
    test(`all ${count} cases of ${file} come out as they should`, { skip }, async () => {
      const judged = await inPage(async (web, cases) => {
        const bytes = (hex: string) =>
          Uint8Array.from(hex.match(/../g) ?? [], (each) => Number.parseInt(each, 16));
        const passes = async ({ jwk, msg, sig }: SignatureCase) => {
          const key = await web.importPublicJwk(web.parsePublicJwk(jwk));
          return web.verifyBytes(bytes(msg), bytes(sig), key);
        };
        const refused = (error: Error) => {
          if (error.name !== "VerificationError") throw error;
          return false;
        };
        return Promise.all(cases.map((each) => passes(each).catch(refused)));
      }, casesOf<SignatureCase>(file));
      const cases = casesOf<SignatureCase>(file);
      assert.equal(judged.length, count);
      const wrong = cases.filter(({ result }, i) => judged[i] !== (result === "valid"));
      assert.deepEqual(wrong, []);
    });
  }

  test("of Wycheproof's JWS only the valid ES256 and RS256 ones pass", { skip }, async () => {
    const passed = await inPage(async (web, cases) => {
      const passes = async ({ jwk, jws }: JwsCase) => {
        const key = await web.importPublicJwk(web.parsePublicJwk(jwk));
        const typ = { oneOf: ["JWT"], orAbsent: true };
        await web.verifyCompactBytes(jws, { key, typ, algs: ["ES256", "EdDSA", "RS256"] });
        return true;
      };
      const refused = (error: Error) => {
        if (error.name !== "VerificationError") throw error;
        return false;
      };
      const judged = await Promise.all(cases.map((each) => passes(each).catch(refused)));
      return cases.filter((_, i) => judged[i]).map(({ tcId }) => tcId);
    }, casesOf<JwsCase>(jwsFile));
    assert.deepEqual(passed, [18, 33, 259, 260, 261, 262, 263, 345, 349, 378]);
  });
});

/** Serves the modules of the half, types stripped, with the map that a bundler would make of `browser`. */
async function serveProof(): Promise<Server> {
  const modules = modulesOfTheWebHalf();
  const map = JSON.stringify({ imports: { "#native": `/${nativePath}` } });
  const html = `<!doctype html><script type="importmap">${map}</script>`;
  const server = createServer(({ url = "/" }, response) => {
    const source = modules.get(url.slice(1));
    response.setHeader("content-type", source === undefined ? "text/html" : "text/javascript");
    response.end(source === undefined ? html : stripTypeScriptTypes(source));
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return server;
}

const claimsFor = (jkt: string) => ({
  iss: issuer,
  sub: "person_1",
  aud: audience,
  client_id: "spiffe://example.org/agent/cost-agent/i1",
  iat: now / 1000,
  exp: now / 1000 + 300,
  jti: "jti-1",
  cnf: { jkt },
  authorization_details: [
    { type: "scope" as const, locations: [audience], actions: ["read"], identifier: "reports" },
  ],
  rev: ["task:task_1"],
  strength: "enrolled-key" as const,
});
