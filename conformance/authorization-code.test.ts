/** A client library that knows nothing of us, a real browser, and a server in a process of its own. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as oauth from "oauth4webapi";
import type { Browser, Page } from "playwright-core";
import {
  newPageWithAuthenticator,
  openChromium,
  withoutChromium,
} from "../examples/authenticator/chromium.ts";
import { eventually } from "./chance.ts";
import { freshFolder, type Place } from "./place.ts";
import { freePort, type ServerProcess, startServer } from "./server-process.ts";
import { claimsOf, grantOf, LEDGER } from "./workloads.ts";

const insecure = { [oauth.allowInsecureRequests]: true };

/** The program on the person's machine that waits for the answer, and the page from which she is sent. */
async function openClientSite(
  documents: ReadonlyMap<string, object>,
): Promise<{ server: Server; origin: string; page: { html: string } }> {
  const page = { html: "" };
  const server = createServer((request, response) => {
    const document = documents.get(request.url ?? "");
    if (document !== undefined) {
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(JSON.stringify(document));
    }
    response.writeHead(200, { "content-type": "text/html" });
    response.end(page.html);
  });
  await new Promise<void>((done) => server.listen(0, done));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, page };
}

describe("authorization code with PKCE and DPoP, by oauth4webapi and Chromium", withoutChromium, () => {
  let place: Place;
  let server: ServerProcess;
  let browser: Browser;
  let page: Page;
  let site: Awaited<ReturnType<typeof openClientSite>>;
  const troubles: string[] = [];
  /** What the client's maker publishes, at a host of its own. */
  const documents = new Map<string, object>();
  let clientSite: string;

  before(async () => {
    place = freshFolder();
    server = await startServer(place, { port: await freePort() });
    site = await openClientSite(documents);
    clientSite = site.origin.replace("127.0.0.1", "localhost");
    browser = await openChromium();
    page = await newPageWithAuthenticator(browser);
    page.on("pageerror", (error) => troubles.push(error.message));
    page.on("dialog", (dialog) => troubles.push(dialog.message()));
    await becomeAdministrator();
    await prepare();
  });
  after(async () => {
    await browser?.close();
    await server?.kill();
    site?.server.close();
    await place?.remove();
  });

  const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();

  async function becomeAdministrator(): Promise<void> {
    const link = await eventually(5_000, async () => {
      const text = readFileSync(join(place.data, "first-administrator-link"), "utf8");
      if (!text.endsWith("\n")) throw new Error("the link is being written");
      return text.trim();
    });
    await page.goto(link);
    await page.getByLabel("Your name").fill("Ada Admin");
    await page.getByLabel("Your e-mail").fill("ada@acme.example");
    await press("Create my passkey");
    await heading("What waits for you");
  }

  /** Asks our API in her session, as a page of ours does. */
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const { status, text } = await page.evaluate(
      async (asked) => {
        const answer = await fetch(asked.path, {
          method: asked.method,
          headers: { "content-type": "application/json" },
          ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
        });
        return { status: answer.status, text: await answer.text() };
      },
      { method, path, body },
    );
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  };

  async function prepare(): Promise<void> {
    const { person } = await ask<{ person: { id: string } }>("GET", "/login/whoami");
    await ask("PUT", "/servers/ledger", { resource: LEDGER });
    const inputSchema = { type: "object", properties: { amount: { type: "integer" } } };
    for (const name of ["post", "read", "close"]) {
      await ask("PUT", `/servers/ledger/tools/${name}`, {
        description: `Can ${name}.`,
        labels: [name === "read" ? "read" : "write"],
        inputSchema,
      });
    }
    const grants = ["ledger/post", "ledger/read"].map((identifier) => grantOf({ identifier }));
    await ask("PUT", "/groups/bookkeeping", { grants });
    await ask("PATCH", `/people/${person.id}`, { groups: ["bookkeeping"] });
    const agent = {
      class: "operations",
      purpose: "Works beside people.",
      environment: "production",
      owner: person.id,
      grants: [...grants, grantOf({ identifier: "ledger/close" })],
    };
    const registered = { redirect_uris: [`${site.origin}/callback`] };
    await ask("POST", "/agents", { ...agent, name: "desk-assistant", client: registered });
    const documented = { client_id: `${clientSite}/client.json` };
    await ask("POST", "/agents", { ...agent, name: "stranger-assistant", client: documented });
  }

  /** A request of the registered client, as it should be. */
  async function requestOf(more: Record<string, string>): Promise<Record<string, string>> {
    return {
      client_id: "desk-assistant",
      response_type: "code",
      redirect_uri: `${site.origin}/callback`,
      state: oauth.generateRandomState(),
      resource: LEDGER,
      code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
      code_challenge_method: "S256",
      ...more,
    };
  }

  async function discovered(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(server.issuer);
    const answer = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
    return oauth.processDiscoveryResponse(issuer, answer);
  }

  /** The client sends her from its own page: for the browser another site. */
  async function sendHer(as: oauth.AuthorizationServer, params: Record<string, string>): Promise<void> {
    const url = new URL(as.authorization_endpoint ?? "");
    for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
    site.page.html = `<a href="${url.href.replaceAll("&", "&amp;")}">Sign in</a>`;
    await page.goto(site.origin);
    await page.getByRole("link", { name: "Sign in" }).click();
  }

  test("a person gives a part of what is asked, and the client gets and refreshes a token for just that", async () => {
    const as = await discovered();
    assert.deepEqual(as.code_challenge_methods_supported, ["S256"]);
    assert.equal(as.client_id_metadata_document_supported, true);
    const client: oauth.Client = { client_id: "desk-assistant" };
    const dpop = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const redirect_uri = `${site.origin}/callback`;
    const asked = ["ledger/post", "ledger/read", "ledger/close"].map((identifier) => grantOf({ identifier }));
    await sendHer(as, {
      client_id: client.client_id,
      response_type: "code",
      redirect_uri,
      state,
      resource: LEDGER,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      dpop_jkt: await dpop.calculateThumbprint(),
      authorization_details: JSON.stringify(asked),
      purpose: "Close the quarter, and nothing else.",
    });
    await heading("Let desk-assistant act for you?");
    await page.getByText("Any program on this computer could have sent you here").waitFor();
    await page.getByText("Nothing: you do not have it to give.").waitFor();
    await shoot("choose");
    await page.getByRole("checkbox", { name: /ledger\/post/ }).uncheck();
    await page.getByLabel(/in your own words/).fill("Read what was posted in the third quarter.");
    await press("Continue");
    await page.getByText("Exactly what is signed").waitFor();
    assert.equal(await page.getByText("ledger/post on").count(), 0);
    await shoot("sign");
    await press("Sign with passkey");
    await page.waitForURL(`${redirect_uri}**`);

    const params = oauth.validateAuthResponse(as, client, new URL(page.url()), state);
    const first = await oauth.processAuthorizationCodeResponse(
      as,
      client,
      await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, redirect_uri, verifier, {
        DPoP: dpop,
        ...insecure,
      }),
    );
    assert.equal(first.token_type, "dpop");
    const claims = claimsOf(first.access_token);
    assert.deepEqual(claims.authorization_details, [grantOf({ identifier: "ledger/read" })]);
    assert.equal(claims.acr, "urn:countersign:acr:passkey");
    const next = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, oauth.None(), first.refresh_token ?? "", {
        DPoP: dpop,
        ...insecure,
      }),
    );
    assert.notEqual(next.refresh_token, first.refresh_token);
    assert.equal(claimsOf(next.access_token).task, claims.task);
  });

  test("a person who refuses sends the client access_denied", async () => {
    const as = await discovered();
    const client: oauth.Client = { client_id: "desk-assistant" };
    const state = oauth.generateRandomState();
    await sendHer(as, await requestOf({ state }));
    await heading("Let desk-assistant act for you?");
    await press("Refuse");
    await page.waitForURL(`${site.origin}/callback**`);
    assert.throws(
      () => oauth.validateAuthResponse(as, client, new URL(page.url()), state),
      (error: oauth.AuthorizationResponseError) => error.error === "access_denied",
    );
  });

  test("what cannot be trusted is told on a page of ours that leads nowhere and runs nothing", async () => {
    const as = await discovered();
    await sendHer(as, {
      client_id: "<script>alert(1)</script>",
      redirect_uri: "https://evil.example/",
      response_type: "code",
    });
    await heading("This request cannot be shown");
    assert.equal(new URL(page.url()).origin, server.issuer);
    assert.equal(await page.getByText("alert(1)").count(), 0);
    await shoot("refused");
  });

  test("a client's name and purpose are its own words: no markup, nothing that hides or turns text around", async () => {
    const as = await discovered();
    documents.set("/client.json", {
      client_id: `${clientSite}/client.json`,
      client_name: "<img src=x onerror=alert(1)>\u202eknaB ruoY\u2066",
      redirect_uris: ["https://elsewhere.example/cb"],
    });
    await sendHer(
      as,
      await requestOf({
        client_id: `${clientSite}/client.json`,
        redirect_uri: "https://elsewhere.example/cb",
      }),
    );
    await heading("Let stranger-assistant act for you?");
    await page
      .getByText("\u201c<img src=x onerror=alert(1)>\u27e8U+202E\u27e9knaB ruoY\u27e8U+2066\u27e9\u201d")
      .waitFor();
    await page
      .getByText("The answer goes to another host than the one that describes this program.")
      .waitFor();
    await page.getByText(new URL(clientSite).host).first().waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    await shoot("hostile");
    await sendHer(as, await requestOf({ purpose: "<b>Your bank</b>" }));
    await page.waitForURL(`${site.origin}/callback**`);
    assert.equal(new URL(page.url()).searchParams.get("error"), "invalid_request");
  });

  test("nobody frames the pages, and no other site can go on with what she began", async () => {
    for (const path of ["/login", "/oauth/authorize?client_id=nobody", "/oauth/authorize"]) {
      const answer = await fetch(`${server.issuer}${path}`, { redirect: "manual" });
      assert.match(answer.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/, path);
      assert.match(answer.headers.get("x-frame-options") ?? "DENY", /DENY/);
      assert.equal(answer.headers.get("location"), null);
    }
    const cookies = await page.context().cookies(server.issuer);
    const session = cookies.find(({ name }) => name === "countersign_session");
    assert.equal(session?.sameSite, "Strict");
    const cookie = `${session?.name}=${session?.value}`;
    const body = JSON.stringify({ request: new URLSearchParams(await requestOf({})).toString() });
    const from = (origin: string | undefined) =>
      fetch(`${server.issuer}/oauth/authorizations`, {
        method: "POST",
        headers: { cookie, "content-type": "application/json", ...(origin === undefined ? {} : { origin }) },
        body,
      });
    for (const origin of [undefined, site.origin, "null", "https://evil.example"]) {
      assert.equal((await from(origin)).status, 403, String(origin));
    }
    assert.equal((await from(server.issuer)).status, 201);
  });

  test("a request with a parameter twice, too long or unreadable is refused, and nothing is begun", async () => {
    const good = new URLSearchParams(await requestOf({})).toString();
    const bad = [
      `${good}&state=two`,
      `${good}&client_id=other`,
      `${good}&x=%00`,
      `${good}&purpose=${"x".repeat(9_000)}`,
    ];
    for (const query of bad) {
      const asked = await fetch(`${server.issuer}/oauth/authorize?${query}`, { redirect: "manual" });
      const location = asked.headers.get("location");
      assert.ok(
        asked.status === 400 || location?.startsWith(`${site.origin}/callback?error=invalid_request`),
        query.slice(-40),
      );
      const posted = await fetch(`${server.issuer}/oauth/authorize`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: query,
        redirect: "manual",
      });
      assert.ok(posted.status === 400 || posted.status === 303);
    }
  });

  test("nothing went wrong in the page meanwhile", () => assert.deepEqual(troubles, []));

  /** For whoever wants to look: desktop and phone, light and dark. */
  async function shoot(name: string): Promise<void> {
    const folder = process.env.COUNTERSIGN_SCREENSHOTS;
    if (folder === undefined) return;
    for (const [width, height] of [
      [1100, 900],
      [390, 844],
    ] as const) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height });
        await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
    }
  }
});
