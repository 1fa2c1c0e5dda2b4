import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openTerminal, type Terminal } from "./fixture.ts";

const MANIFEST = fileURLToPath(new URL("../examples/quarterly-review/manifest.yaml", import.meta.url));

describe("the command line, as an administrator uses it", () => {
  let terminal: Terminal;
  before(async () => {
    terminal = await openTerminal();
  });
  after(() => terminal?.close());
  const says: Terminal["says"] = (wanted, ...args) => terminal.says(wanted, ...args);
  const refuses = (wanted: RegExp, ...args: string[]) => terminal.refuses(1, wanted, ...args);

  test("says how to sign in, signs in by a code once, and keeps the session where only its owner reads it", async () => {
    await refuses(/countersign login/, "agents");
    await says(/signed in/, "login", terminal.code);
    await refuses(/./, "login", terminal.code);
    await says(/Ada Admin person_/, "whoami");
    const kept = readFileSync(join(terminal.home, "countersign", "sessions.json"), "utf8");
    assert.ok(!(await says(/./, "whoami")).includes(JSON.parse(kept)[terminal.server.issuer]));
  });

  test("registers people and services, and lists them", async () => {
    for (const name of ["Marta", "Otto"])
      await says(/is person_/, "people", "add", name, `${name.toLowerCase()}@acme.example`);
    const people = await says(/Otto/, "people");
    const otto = /person_\w+(?= {2}Otto)/.exec(people)?.[0] ?? "";
    await says(/is service_/, "services", "add", "portal", "--owner", otto);
    await says(/portal {2}active/, "services");
    await says(/login#enrol=/, "people", "invite", otto);
  });

  test("plans, applies, and finds nothing to do the second time", async () => {
    await says(/\+ Agent planning-agent would be created/, "plan", "-f", MANIFEST);
    await says(/No agents yet/, "agents");
    await says(/\+ Agent planning-agent created/, "apply", "-f", MANIFEST);
    await says(/Nothing to change/, "apply", "-f", MANIFEST);
    const changed = readFileSync(MANIFEST, "utf8").replace("Plans a review", "Plans every review");
    const file = join(terminal.home, "changed.yaml");
    writeFileSync(file, changed);
    await says(/~ Agent planning-agent would be changed\n\s+purpose/, "plan", "-f", file);
  });

  test("shows an agent, gives it a join token, and ends it", async () => {
    await says(/planning-agent {2}.*registered/, "agents");
    await says(/"name": "planning-agent"/, "agents", "show", "planning-agent");
    await says(/^cs_join_/, "join-token", "agent", "planning-agent");
    await refuses(/neither agent nor service nor host/, "join-token", "robot", "x");
    await says(
      /ended: Every agent of the class planning.*\n.*--lift class planning/,
      "revoke",
      "class",
      "planning",
    );
    await refuses(/blocked already/, "revoke", "class", "planning");
    await says(/class planning is open again/, "revoke", "--lift", "class", "planning");
    await refuses(/names no class/, "revoke", "class", "robots", "--reason", "there are none");
    await refuses(/no such delegation/, "revoke", "edge", "edge_unheard", "--up-to", "root");
    await says(/planning-agent is decommissioned/, "agents", "decommission", "planning-agent");
    await refuses(/decommissioned/, "join-token", "agent", "planning-agent");
  });

  test("counts accounts elsewhere, and gives what somebody answered for to another before she leaves", async () => {
    const people = await says(/Marta/, "people");
    const idOf = (name: string) =>
      new RegExp(`person_\\w+(?= {2}${name})`).exec(people)?.[0] ?? assert.fail(name);
    const [marta, otto] = [idOf("Marta"), idOf("Otto")];
    await says(/No accounts here/, "accounts");
    const dangerous = ["--privilege", "administer", "--sensitivity", "restricted", "--static"];
    const key = ["accounts", "add", "api-key", "github", "key-17", ...dangerous, "--owner", otto];
    const account = /account_\w+/.exec(await says(/key-17 is account_/, ...key))?.[0] ?? "";
    await refuses(/in the inventory already/, ...key);
    await refuses(
      /looks like a secret/,
      "accounts",
      "add",
      "api-key",
      "github",
      "ghp_16C7e42F292c69",
      ...dangerous,
    );
    await says(/api-key {2}github key-17 {2}administer {2}owned/, "accounts", "list", "--kind", "api-key");
    await refuses(/decommissioned/, "accounts", "adopt", account, "planning-agent");
    await says(/1 services, 1 accounts/, "people", "hand-over", otto, marta);
    await says(/has left/, "people", "depart", otto);
    await refuses(/active person/, "people", "hand-over", marta, otto);
    await says(/key-17 is retired/, "accounts", "retire", account);
    await says(/No agent is like that/, "agents", "list", "--status", "dormant", "--orphaned");
  });

  test("verifies the log over HTTP and from a copy, and proves one event to a file", async () => {
    const copy = join(terminal.home, "copy");
    await says(/none changed, dropped or reordered/, "audit", "verify");
    await says(/events copied/, "audit", "export", copy);
    await says(/none changed, dropped or reordered/, "audit", "verify", "--copy", copy);
    const vkey = (await says(/\+/, "audit", "key")).trim();
    await says(
      /none changed/,
      "audit",
      "verify",
      "--copy",
      copy,
      "--vkey",
      vkey,
      "--since",
      join(copy, "checkpoint"),
    );
    await refuses(/does not hold/, "audit", "verify", "--copy", copy, "--vkey", `${vkey.slice(0, -4)}AAA=`);
    const bundle = readFileSync(join(copy, "tile/entries/000.p", String(eventsIn(copy))), "latin1");
    const event = /"id":"(event_\w+)"/.exec(bundle)?.[1] ?? "";
    await says(/with its proof, is in/, "audit", "prove", event, "-o", join(terminal.home, "evidence.json"));
  });

  test("lists the keys, rotates them, and withdraws one at once in an emergency", async () => {
    const before = await says(/token +1 +active/, "keys");
    const old = (await says(/log\+/, "audit", "key")).trim();
    assert.ok(before.includes(old), "the log's key by its verifier key");
    await says(/is published, and signs from/, "keys", "rotate", "log");
    await says(/is published, and signs from/, "keys", "rotate", "token");
    await refuses(/prepared already/, "keys", "rotate", "token");
    await says(/signs from now on/, "keys", "rotate", "token", "--emergency");
    await says(/token +3 +active/, "keys", "list");
    assert.doesNotMatch(await says(/token/, "keys"), /token +[12] /);
    await refuses(/pinned by whoever verifies/, "keys", "rotate", "log", "--emergency");
    await refuses(/./, "keys", "rotate", "everything");
    const revoked = await says(/./, "audit", "verify", "--vkey", old);
    assert.match(revoked, /none changed/);
  });

  test("says to whom an agent may be shown, and the issuer describes itself to them", async () => {
    await says(/to nobody outside/, "federation", "planning-agent");
    const named = await says(
      /sts\.amazonaws\.com/,
      "federation",
      "planning-agent",
      "sts.amazonaws.com",
      "vault",
    );
    assert.match(named, /spiffe:\/\/[^ ]+\/agent\/planning-agent/);
    await says(/federation +1 +active/, "keys");
    await refuses(/resource of ours/, "federation", "planning-agent", terminal.server.issuer);
    await says(/to nobody outside/, "federation", "planning-agent", "--none");
    await refuses(/./, "federation", "nobody-at-all", "vault");
    const document = await (await fetch(`${terminal.server.issuer}/.well-known/openid-configuration`)).json();
    const { keys } = await (await fetch(document.jwks_uri)).json();
    assert.equal(document.issuer, terminal.server.issuer);
    assert.deepEqual(
      [...new Set(keys.map(({ alg }: { alg: string }) => alg))].sort(),
      [...new Set([...document.id_token_signing_alg_values_supported, "ES256"])].sort(),
    );
  });

  test("shows the authority of our own trust domain, and takes another's word and takes it no more", async () => {
    const shown = await says(/bundle 1 of/, "authority");
    assert.match(shown, /x509-authority +active .*Authority [0-9a-f]{40}/);
    assert.match(shown, /jwt-svid +active/);
    const bundle = JSON.parse(await says(/spiffe_sequence/, "authority", "bundle"));
    assert.deepEqual(bundle, await (await fetch(`${terminal.server.issuer}/spiffe/bundle`)).json());
    const file = join(terminal.home, "bundle.json");
    writeFileSync(file, JSON.stringify(bundle));
    await says(/no other trust domain/, "trust-domains");
    await terminal.refuses(2, /--bundle or --endpoint/, "trust-domains", "put", "partner.example");
    await refuses(/holds no bundle/, "trust-domains", "put", "partner.example", "--bundle", "/nowhere");
    await says(/are taken/, "trust-domains", "put", "partner.example", "--bundle", file);
    await says(/partner\.example .* brought by hand/, "trust-domains", "list");
    await says(/vouches for nobody/, "trust-domains", "remove", "partner.example");
    await refuses(/not taken here/, "trust-domains", "remove", "partner.example");
  });
});

const eventsIn = (copy: string): number =>
  Number(readFileSync(join(copy, "checkpoint"), "utf8").split("\n")[1]);
