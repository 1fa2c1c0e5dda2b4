/**
 * Two services that know each other by SPIFFE ID and by nothing else: no certificate was made for them, no secret was
 * handed to them, and while they talk both get new certificates, again and again, without a failed request.
 *
 *   node examples/mutual-tls/story.ts     (as root: the services run as users of their own)
 */
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Person } from "../authenticator/person.ts";
import { startByHand } from "../quarterly-review/server-by-hand.ts";
import { startAs, startHost } from "./machine.ts";

const USERS = { ledger: 21_101, shop: 21_102 };
const ROTATIONS = 6;

const say = (line: string): void => console.log(line);
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const control = await startByHand();
const folder = await mkdtemp(join(tmpdir(), "countersign-machine-"));
const running: { stop(): Promise<void> }[] = [];
try {
  // Everybody may reach the socket; who somebody is decides what he gets.
  await chmod(folder, 0o755);
  const socket = join(folder, "workload.sock");
  const ada = new Person(control.issuer);
  await ada.becomeAdministrator(control.link, { name: "Ada Lind", email: "ada@acme.example" });
  const { person } = await ada.browser.get("/login/whoami");
  const owner = (person as { id: string }).id;

  const [ledger, shop] = [await register("ledger"), await register("shop")];
  say("● Ada registers ledger and shop, and says as which user each of them runs");

  const { token } = await ada.browser.send("POST", "/join-tokens", { host: "build-7" });
  running.push(await startHost(control.issuer, String(token), socket));
  say("■ build-7 joins with a token that works once, and serves the Workload API");

  const { trust_domain } = await ada.browser.get("/health");
  const idOf = (service: keyof typeof USERS): string => `spiffe://${trust_domain}/service/${service}`;
  const server = startAs(USERS.ledger, "./ledger.ts", socket, { SHOP: idOf("shop") });
  running.push(server);
  const { port } = await server.told();
  say("▣ ledger is told who it is, and listens");

  const env = { LEDGER: idOf("ledger"), PORT: String(port), COUNTERSIGN_ISSUER: control.issuer };
  const client = startAs(USERS.shop, "./shop.ts", socket, env);
  running.push(client);
  const { id } = await client.told();
  assert.match(String(id), new RegExp(`^${idOf("shop")}/`));
  say(`▣ shop is ${id}, gets a token for being that, and asks ledger`);

  for (let round = 1; round <= ROTATIONS; round++) {
    await pause(250);
    for (const service of ["ledger", "shop"] as const)
      await declare(service, { ledger, shop }[service], 600 + round);
  }
  await pause(400);
  client.ask();
  const seen = await client.told();
  assert.equal(seen.failed, 0, String(seen.firstFailure));
  assert.ok(Number(seen.answered) > 100, `only ${seen.answered} answers`);
  assert.ok(Number(seen.certificates) > ROTATIONS / 2, `only ${seen.certificates} certificates`);
  assert.ok(Number(seen.connections) > 8, "no connection was made with a new certificate");
  say(`  ${seen.answered} requests through ${seen.certificates} certificates of its own, none failed`);

  await ada.browser.send("POST", `/services/${shop}/suspend`, {});
  const intruder = startAs(USERS.shop, "./shop.ts", socket, env);
  await assert.rejects(intruder.told(), /No identity is issued to this process/);
  say("● Ada suspends shop: a new process of it is nobody");
  say("Everything above was checked.");

  async function register(name: keyof typeof USERS): Promise<string> {
    const { id: made } = await ada.browser.send("POST", "/services", { name, owner, resources: [] });
    await declare(name, String(made), 600);
    return String(made);
  }

  async function declare(name: keyof typeof USERS, service: string, ttl: number): Promise<void> {
    const selectors = [`unix:uid:${USERS[name]}`, `unix:gid:${USERS[name]}`];
    await ada.browser.send("PUT", `/services/${service}/entries/main`, {
      selectors,
      hosts: ["host:name:build-7"],
      ttl,
    });
  }
} finally {
  for (const process of running.reverse()) await process.stop();
  await control.stop();
  await rm(folder, { recursive: true, force: true });
}
