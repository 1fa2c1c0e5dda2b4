import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
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
  const file = (name: string, content: string): string => {
    const path = join(terminal.home, name);
    writeFileSync(path, content);
    return path;
  };
  const tells: Terminal["tells"] = (wanted, ...args) => terminal.tells(wanted, ...args);
  const turnsAway: Terminal["turnsAway"] = (exit, wanted, ...args) =>
    terminal.turnsAway(exit, wanted, ...args);
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
      await tells(/is person_/, "people", "add", name, `${name.toLowerCase()}@acme.example`);
    const people = await tells(/Otto/, "people");
    const otto = /person_\w+(?= {2}Otto)/.exec(people)?.[0] ?? "";
    const added = await tells(/is service_/, "services", "add", "portal", "--owner", otto);
    const portal = /service_\w+/.exec(added)?.[0] ?? "";
    await tells(/portal {2}active/, "services");
    await tells(/portal is suspended/, "services", "suspend", portal);
    await tells(/"status": "suspended"/, "services", "show", portal);
    await tells(/portal is active/, "services", "resume", portal);
    await tells(/is auditor/, "people", "role", otto, "auditor");
    await tells(/no auditor any more/, "people", "role", otto, "auditor", "--withdraw");
    await turnsAway(1, /./, "people", "role", otto, "emperor");
    await tells(/Otto is suspended/, "people", "suspend", otto);
    await tells(/"status": "suspended"/, "people", "show", otto);
    await tells(/Otto is active/, "people", "resume", otto);
    await tells(/login#enrol=/, "people", "invite", otto);
  });

  test("plans, applies, and finds nothing to do the second time", async () => {
    await tells(/\+ Agent planning-agent would be created/, "plan", "-f", MANIFEST);
    await tells(/No agents yet/, "agents");
    await tells(/\+ Agent planning-agent created/, "apply", "-f", MANIFEST);
    await tells(/Nothing to change/, "apply", "-f", MANIFEST);
    const changed = readFileSync(MANIFEST, "utf8").replace("Plans a review", "Plans every review");
    const file = join(terminal.home, "changed.yaml");
    writeFileSync(file, changed);
    await tells(/~ Agent planning-agent would be changed\n\s+purpose/, "plan", "-f", file);
  });

  test("lists what agents can call, and approves in which order", async () => {
    const tools = JSON.parse(await tells(/\[/, "tools", "list", "--json"));
    const { identifier, digest } = tools[0];
    await tells(new RegExp(`^TOOL .*\n[^]*${identifier} .*${digest}`), "tools");
    await tells(/"inputSchema"/, "tools", "show", identifier);
    await turnsAway(1, /./, "tools", "show", "nothing");
    await tells(/No runbooks yet/, "runbooks");
    const approve = ["runbooks", "approve", "weekly", "--description", "Each week.", "--step", identifier];
    await tells(/weekly is approved/, ...approve);
    await turnsAway(1, /replace|digest/, ...approve, identifier);
    const now = JSON.parse(await tells(/approved_by/, "runbooks", "show", "weekly"));
    await tells(/is approved/, ...approve, identifier, "--replaces", now.digest);
    await tells(/weekly {2}2 /, "runbooks", "list");
  });

  test("shows an agent, gives it a join token, and ends it", async () => {
    await tells(/planning-agent {2}.*registered/, "agents");
    await tells(/"name": "planning-agent"/, "agents", "show", "planning-agent");
    await tells(/Nothing runs as planning-agent yet/, "agents", "copies", "planning-agent");
    await tells(/^cs_join_/, "join-token", "agent", "planning-agent");
    await turnsAway(1, /neither agent nor service nor host/, "join-token", "robot", "x");
    await tells(
      /ended: Every agent of the class planning.*\n.*--lift class planning/,
      "revoke",
      "class",
      "planning",
    );
    await turnsAway(1, /blocked already/, "revoke", "class", "planning");
    await tells(/class planning is open again/, "revoke", "--lift", "class", "planning");
    await turnsAway(1, /names no class/, "revoke", "class", "robots", "--reason", "there are none");
    await turnsAway(1, /no such delegation/, "revoke", "edge", "edge_unheard", "--up-to", "root");
    await tells(/planning-agent is decommissioned/, "agents", "decommission", "planning-agent");
    await turnsAway(1, /decommissioned/, "join-token", "agent", "planning-agent");
  });

  test("counts accounts elsewhere, and gives what somebody answered for to another before she leaves", async () => {
    const people = await tells(/Marta/, "people");
    const idOf = (name: string) =>
      new RegExp(`person_\\w+(?= {2}${name})`).exec(people)?.[0] ?? assert.fail(name);
    const [marta, otto] = [idOf("Marta"), idOf("Otto")];
    await tells(/No accounts here/, "accounts");
    const dangerous = ["--privilege", "administer", "--sensitivity", "restricted", "--static"];
    const key = ["accounts", "add", "api-key", "github", "key-17", ...dangerous, "--owner", otto];
    const account = /account_\w+/.exec(await tells(/key-17 is account_/, ...key))?.[0] ?? "";
    await turnsAway(1, /in the inventory already/, ...key);
    await turnsAway(
      1,
      /looks like a secret/,
      "accounts",
      "add",
      "api-key",
      "github",
      "ghp_16C7e42F292c69",
      ...dangerous,
    );
    await tells(/api-key {2}github key-17 {2}administer {2}owned/, "accounts", "list", "--kind", "api-key");
    await turnsAway(1, /decommissioned/, "accounts", "adopt", account, "planning-agent");
    await tells(/1 services, 1 accounts/, "people", "hand-over", otto, marta);
    await tells(/has left/, "people", "depart", otto);
    await turnsAway(1, /active person/, "people", "hand-over", marta, otto);
    await tells(/key-17 is retired/, "accounts", "retire", account);
    await tells(/No agent is like that/, "agents", "list", "--status", "dormant", "--orphaned");
  });

  test("verifies the log over HTTP and from a copy, and proves one event to a file", async () => {
    const copy = join(terminal.home, "copy");
    await tells(/none changed, dropped or reordered/, "audit", "verify");
    await tells(/events copied/, "audit", "export", copy);
    await tells(/none changed, dropped or reordered/, "audit", "verify", "--copy", copy);
    const vkey = (await tells(/\+/, "audit", "key")).trim();
    await tells(
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
    await turnsAway(
      1,
      /does not hold/,
      "audit",
      "verify",
      "--copy",
      copy,
      "--vkey",
      `${vkey.slice(0, -4)}AAA=`,
    );
    const bundle = readFileSync(join(copy, "tile/entries/000.p", String(eventsIn(copy))), "latin1");
    const event = /"id":"(event_\w+)"/.exec(bundle)?.[1] ?? "";
    await tells(/with its proof, is in/, "audit", "prove", event, "-o", join(terminal.home, "evidence.json"));
  });

  test("lists the keys, rotates them, and withdraws one at once in an emergency", async () => {
    const before = await tells(/token +1 +active/, "keys");
    const old = (await tells(/log\+/, "audit", "key")).trim();
    assert.ok(before.includes(old), "the log's key by its verifier key");
    await tells(/is published, and signs from/, "keys", "rotate", "log");
    await tells(/is published, and signs from/, "keys", "rotate", "token");
    await turnsAway(1, /prepared already/, "keys", "rotate", "token");
    await tells(/signs from now on/, "keys", "rotate", "token", "--emergency");
    await tells(/token +3 +active/, "keys", "list");
    assert.doesNotMatch(await tells(/token/, "keys"), /token +[12] /);
    await turnsAway(1, /pinned by whoever verifies/, "keys", "rotate", "log", "--emergency");
    await turnsAway(1, /./, "keys", "rotate", "everything");
    const revoked = await tells(/./, "audit", "verify", "--vkey", old);
    assert.match(revoked, /none changed/);
  });

  test("says to whom an agent may be shown, and the issuer describes itself to them", async () => {
    await tells(/to nobody outside/, "federation", "planning-agent");
    const named = await tells(
      /sts\.amazonaws\.com/,
      "federation",
      "planning-agent",
      "sts.amazonaws.com",
      "vault",
    );
    assert.match(named, /spiffe:\/\/[^ ]+\/agent\/planning-agent/);
    await tells(/federation +1 +active/, "keys");
    await turnsAway(1, /resource of ours/, "federation", "planning-agent", terminal.server.issuer);
    await tells(/to nobody outside/, "federation", "planning-agent", "--none");
    await turnsAway(1, /./, "federation", "nobody-at-all", "vault");
    const document = await (await fetch(`${terminal.server.issuer}/.well-known/openid-configuration`)).json();
    const { keys } = await (await fetch(document.jwks_uri)).json();
    assert.equal(document.issuer, terminal.server.issuer);
    assert.deepEqual(
      [...new Set(keys.map(({ alg }: { alg: string }) => alg))].sort(),
      [...new Set([...document.id_token_signing_alg_values_supported, "ES256"])].sort(),
    );
  });

  test("shows the authority of our own trust domain, and takes another's word and takes it no more", async () => {
    const shown = await tells(/bundle 1 of/, "authority");
    assert.match(shown, /x509-authority +active .*Authority [0-9a-f]{40}/);
    assert.match(shown, /jwt-svid +active/);
    await tells(/Agent release-agent created/, "apply", "-f", file("agent.yaml", releaseAgent));
    const bundle = JSON.parse(await tells(/spiffe_sequence/, "authority", "bundle"));
    assert.deepEqual(bundle, await (await fetch(`${terminal.server.issuer}/spiffe/bundle`)).json());
    const brought = file("bundle.json", JSON.stringify(bundle));
    await tells(/no other trust domain/, "trust-domains");
    await turnsAway(2, /--bundle or --endpoint/, "trust-domains", "put", "partner.example");
    await turnsAway(1, /holds no bundle/, "trust-domains", "put", "partner.example", "--bundle", "/nowhere");
    await tells(/are taken/, "trust-domains", "put", "partner.example", "--bundle", brought);
    await tells(/partner\.example .* brought by hand/, "trust-domains", "list");
    const planner = "spiffe://partner.example/ns/prod/sa/planner";
    const bind = ["trust-domains", "bind", "partner.example", planner];
    await tells(/Nobody of partner\.example/, "trust-domains", "rules", "partner.example");
    await turnsAway(2, /either --agent or --service/, ...bind);
    await turnsAway(1, /agent/, ...bind, "--agent", "nobody-at-all");
    await tells(/planner stands for release-agent/, ...bind, "--agent", "release-agent");
    await tells(/release-agent {2}spiffe:.*planner/, "trust-domains", "rules", "partner.example");
    await tells(/stands for nobody any more/, "trust-domains", "unbind", "partner.example", planner);
    await turnsAway(1, /./, "trust-domains", "unbind", "partner.example", planner);
    await tells(/vouches for nobody/, "trust-domains", "remove", "partner.example");
    await turnsAway(1, /not taken here/, "trust-domains", "remove", "partner.example");
  });

  test("takes a platform's word, says for whom its tokens stand, and takes it no more", async () => {
    const github = "https://token.actions.githubusercontent.com";
    await tells(/No platform's word is taken yet: countersign platforms put/, "platforms");
    await turnsAway(2, /--help/, "platforms", "put", "builds");
    await turnsAway(1, /issuer/, "platforms", "put", "builds", "--preset", "github");
    const put = ["platforms", "put", "builds", "--preset", "github", "--issuer", github];
    const said = await tells(/is taken\n {2}its tokens must be for {2}http\S+\/attest\/\S+\n/, ...put);
    const audience = /\S+\/attest\/\S+/.exec(said)?.[0] ?? "";
    assert.ok((await tells(/"preset": "github"/, "platforms", "show", "builds")).includes(audience));
    await tells(/^NAME .*\nbuilds {2}github {2}metadata {3}https:\/\/token/, "platforms", "list");
    await turnsAway(1, /known by another name/, ...put.with(2, "again"));
    await turnsAway(2, /is no number/, ...put, "--longest", "ten");
    await turnsAway(2, /--review-token/, ...put, "--review-url", "https://cluster.example");

    const bind = ["platforms", "bind", "builds", "release-agent"];
    await tells(/No platform's tokens stand for release-agent/, "platforms", "rules", "release-agent");
    await turnsAway(
      1,
      /Pin repository_id and repository_owner_id/,
      ...bind,
      "--claim",
      "repository=acme/app",
    );
    await turnsAway(2, /<claim>=<value>/, ...bind, "--claim", "repository_id");
    await turnsAway(2, /said twice/, ...bind, "--claim", "repository_id=1", "repository_id=2");
    const claims = ["--claim", "repository_id=74", "repository_owner_id=65", "ref=refs/heads/a=b"];
    await tells(/stand for release-agent that say\n {2}repository_id = 74/, ...bind, ...claims);
    await tells(
      /^PLATFORM .*\nbuilds .*74\n .*65\n .* refs\/heads\/a=b/,
      "platforms",
      "rules",
      "release-agent",
    );
    const rules = JSON.parse(await tells(/claims/, "platforms", "rules", "release-agent", "--json"));
    assert.equal(rules[0].claims.ref, "refs/heads/a=b");
    await tells(/no more; what they were issued is dead/, "platforms", "unbind", "builds", "release-agent");
    await turnsAway(1, /do not stand for this agent/, "platforms", "unbind", "builds", "release-agent");
    await tells(/what rested on it is dead/, "platforms", "remove", "builds");
    await turnsAway(1, /no platform of this name/, "platforms", "remove", "builds");
  });

  test("asks a cluster with a token that is nowhere shown again", async () => {
    const token = file("reviewer", "a-secret-of-the-cluster\n");
    const cluster = ["--preset", "kubernetes", "--issuer", "https://cluster.example"];
    const review = ["--review-url", "https://localhost:6443", "--review-token", token];
    await tells(/is taken/, "platforms", "put", "main", ...cluster, ...review);
    const shown = await tells(/not shown/, "platforms", "show", "main");
    assert.ok(!shown.includes("a-secret"));
    await tells(/main {2}kubernetes {2}review/, "platforms");
    await tells(/is dead/, "platforms", "remove", "main");
  });

  test("says by whose word machines join, and what every agent of an environment must show", async () => {
    const { keys } = await (await fetch(`${terminal.server.issuer}/spiffe/bundle`)).json();
    const [der] = keys.flatMap(({ x5c = [] }: { x5c?: string[] }) => x5c);
    const certificate = `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`;
    await tells(/by tokens alone/, "hosts", "trust");
    const azure = `roots: |\n${certificate.replaceAll(/^/gm, "  ")}\nsubscriptions: [00000000-0000-0000-0000-00000000000a]\n`;
    const roots = file("ca.pem", certificate);
    await turnsAway(2, /Nothing is said/, "hosts", "trust", "put", "x509pop");
    await turnsAway(1, /roots/, "hosts", "trust", "put", "x509pop", "-f", file("none.yaml", "roots: none\n"));
    await tells(/join by x509pop/, "hosts", "trust", "put", "x509pop", "--roots", roots);
    await tells(/join by azure/, "hosts", "trust", "put", "azure", "-f", file("azure.yaml", azure));
    await tells(/azure +00000000.*\nx509pop|x509pop\nazure +00000000/, "hosts", "trust", "list");
    await tells(/BEGIN CERTIFICATE/, "hosts", "trust", "show", "x509pop");
    for (const kind of ["x509pop", "azure"]) await tells(/any more/, "hosts", "trust", "remove", kind);
    await turnsAway(1, /./, "hosts", "trust", "remove", "azure");
    await tells(/Nothing is asked for yet/, "environments");
    await tells(/every agent must show a signed image$/m, "environments", "require", "staging", "--image");
    await tells(/staging +a signed image$/m, "environments", "list");
    await tells(/must show nothing besides/, "environments", "require", "staging");
    await turnsAway(1, /./, "environments", "require", "moon");
  });

  test("takes the word of the company's sign-in for agents, links people there, and ends it", async () => {
    const ada = /person_\w+/.exec(await tells(/Ada/, "whoami"))?.[0] ?? "";
    await tells(/No company's word is taken yet/, "identity-providers");
    const put = ["identity-providers", "put", "acme"];
    await turnsAway(2, /Nothing is said/, ...put);
    await turnsAway(
      2,
      /<client id>=<agent>/,
      ...put,
      "--issuer",
      "https://idp.acme.example",
      "--id-jag",
      "x",
    );
    const said = file(
      "acme.yaml",
      "issuer: https://idp.acme.example\nsubjects: { by: email, domains: [acme.example] }\n",
    );
    await tells(/no agent acts on it yet/, ...put, "-f", said);
    await turnsAway(2, /Either a file or flags/, ...put, "-f", said, "--issuer", "https://idp.acme.example");
    await turnsAway(1, /holds an alias/, ...put, "-f", file("alias.yaml", "a: &x b\nissuer: *x\n"));
    await turnsAway(1, /line 2/, ...put, "-f", file("twice.yaml", "issuer: a\nissuer: b\n"));
    await turnsAway(1, /cannot be read/, ...put, "-f", "/nowhere");
    const flags = ["--issuer", "https://idp.acme.example", "--id-jag", "a=b=release-agent"];
    await tells(/release-agent may act on it/, ...put, ...flags);
    await tells(/"client_id": "a=b"/, "identity-providers", "show", "acme");
    await tells(/acme {2}active {2}release-agent {2}links {6}https:/, "identity-providers", "list");
    await tells(/is 00u-17 at acme/, "identity-providers", "link", "acme", ada, "00u-17");
    await turnsAway(1, /linked already/, "identity-providers", "link", "acme", ada, "00u-18");
    await tells(/nobody at acme/, "identity-providers", "unlink", "acme", ada);
    await turnsAway(1, /not linked/, "identity-providers", "unlink", "acme", ada);
    await tells(/what rested on it is dead/, "identity-providers", "end", "acme");
    await tells(/acme {2}ended/, "identity-providers");
    await turnsAway(1, /no identity provider of this name/, "identity-providers", "show", "acme");
    const older = `kind: IdentityProvider\nname: acme\nspec: { issuer: "https://idp.acme.example" }\n`;
    await turnsAway(1, /was ended.*\n.*identity-providers put/, "plan", "-f", file("older.yaml", older));
  });

  test("lets our word go to another domain, by the names that people have there, and no more", async () => {
    const ada = /person_\w+/.exec(await tells(/Ada/, "whoami"))?.[0] ?? "";
    await tells(/Our word goes nowhere yet/, "partners");
    const put = ["partners", "put", "other", "--audience", "https://as.other.example"];
    await turnsAway(1, /resources/, ...put);
    const more = ["--resource", "https://api.other.example", "--client", "r-1=release-agent"];
    await tells(/carried by release-agent/, ...put, ...more, "--unseen-calls");
    await tells(/"unseen_calls": "allowed"/, "partners", "show", "other");
    await tells(/other {2}active {2}release-agent {2}1 {10}https:/, "partners");
    assert.equal(JSON.parse(await tells(/\[/, "partners", "list", "--json"))[0].clients[0].client_id, "r-1");
    await tells(/is ada-17 at other/, "partners", "subject", "other", ada, "ada-17");
    await tells(/no more/, "partners", "end", "other");
    await turnsAway(1, /no partner of this name/, "partners", "end", "other");
  });

  test("makes a link to an administrator from the store itself, where there is one and no server runs on it", async () => {
    const { issuer, folder, halt } = terminal.server;
    const link = ["admin", "link", "--issuer", issuer, "--data"];
    const data = join(folder, "data");
    const lost = ["--email", "ada@acme.example"];
    await refuses(/Another Countersign is running/, ...link, data, ...lost);
    await halt();
    await refuses(/There is no store/, ...link, join(folder, "mistyped"), ...lost);
    assert.ok(!existsSync(join(folder, "mistyped")));
    const other = join(folder, "other");
    mkdirSync(other, { mode: 0o755 });
    chmodSync(other, 0o755);
    await refuses(/There is no store/, ...link, other, ...lost);
    assert.deepEqual([readdirSync(other).length, statSync(other).mode & 0o777], [0, 0o755], "left as it is");
    const said = await says(/within ten minutes/, ...link, data, ...lost);
    assert.ok(said.includes(`${issuer}/login#enrol=`));
  });
});

const releaseAgent = `kind: Agent
name: release-agent
spec: { class: coding, purpose: Releases., environment: development, owner: ada@acme.example, grants: [] }
`;

const eventsIn = (copy: string): number =>
  Number(readFileSync(join(copy, "checkpoint"), "utf8").split("\n")[1]);
