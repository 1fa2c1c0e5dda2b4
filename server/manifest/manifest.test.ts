import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import {
  allBindingsOf,
  allEntriesOf,
  attestationMigrations,
  declaredPlatform,
  declarePlatformWithin,
  platformDefinition,
  putPlatform,
  removePlatform,
} from "../attestation/index.ts";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { catalogMigrations, findTool } from "../catalog/index.ts";
import { type Caller, type Code, Fault, newId } from "../lib/index.ts";
import {
  declarableProvider,
  declareProviderWithin,
  endIdentityProvider,
  identityProviderDefinition,
  loginMigrations,
} from "../login/index.ts";
import {
  declarablePartner,
  declarePartnerWithin,
  endPartner,
  oauthMigrations,
  partnerDefinition,
} from "../oauth/index.ts";
import { ActivePolicies, policyMigrations } from "../policy/index.ts";
import { findAgent, findGroup, findTeam, suspendAgent } from "../registry/index.ts";
import {
  deadKeys,
  type ExampleRegistry,
  eventsOf,
  exampleInstance,
  exampleRegistry,
  personCaller,
} from "../registry/test-registry.ts";
import { applyManifest, type ManifestDeps, parseManifest, planManifest } from "./index.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

const TEAM = `kind: Team
name: payments
spec: { lead: ada@example.com, zone: Europe/Berlin }
`;
const SERVER = `kind: Server
name: reports
spec: { resource: "https://reports.example.com/", team: payments }
`;
const tool = (name: string, label: string, description = "Does it.") => `kind: Tool
name: reports/${name}
spec:
  description: ${description}
  labels: [${label}]
  inputSchema: { type: object, properties: { title: { type: string } } }
`;
const GROUP = `kind: Group
name: writers
spec: { grants: ["reports:write", reports/list] }
`;
const agent = (grants = '["reports:write", "reports/list*"]', more = "") => `kind: Agent
name: reporter
spec:
  class: reporting
  purpose: Writes the weekly report.
  environment: production
  owner: ada@example.com
  team: payments
  version: "1.10"
  expires: 2027-01-31
  dormant-after: 30d
  autonomy: supervised
  sensitivity: confidential
  criticality: high
  triggers: [schedule, person]
  grants: ${grants}
  delegation: { max-depth: 2, grants: [reports/list], delegate-to: [helper-agent], needs-person: [reports/publish] }
${more}`;
const POLICY = `kind: Policy
name: nightly
spec:
  text: |
    @id("no-night-reports")
    @reason("Reports are written by day.")
    forbid (principal, action == Action::"reports/publish", resource) when { context.now.hour < 6 };
`;
const PLATFORM = `kind: Platform
name: builds
spec: { preset: github, issuer: "https://token.actions.githubusercontent.com", longest: 600 }
`;
const vouched = (claims = '{ repository_id: "74", repository_owner_id: "65" }') =>
  agent("[reports/list]", `  platforms:\n    builds: { claims: ${claims} }\n`);
const PROVIDER = `kind: IdentityProvider
name: acme
spec:
  issuer: https://idp.acme.example
  clients: [{ client_id: reporter, agent: reporter, id_jag: allowed }]
  subjects: { by: email, domains: [acme.example] }
`;
const PARTNER = `kind: Partner
name: other
spec:
  audience: https://as.other.example
  resources: [https://api.other.example]
  clients: [{ agent: reporter, client_id: r-1 }]
`;
const all = (...documents: string[]) => documents.join("---\n");
const WHOLE = all(agent(), POLICY, GROUP, tool("publish", "write"), tool("list", "read"), SERVER, TEAM);

forEachEngine((engine) => {
  let example: ExampleRegistry;
  let deps: ManifestDeps;
  beforeEach(async () => {
    example = await exampleRegistry(engine, [
      ...catalogMigrations,
      ...attestationMigrations,
      ...policyMigrations,
      ...loginMigrations,
      ...oauthMigrations,
    ]);
    deps = { ...example.deps, policies: new ActivePolicies() };
  });
  afterEach(() => example.close());
  const publisher = (): Caller => ({
    ...example.administrator,
    roles: ["administrator", "policy-publisher"],
  });
  const apply = (text: string) => applyManifest(deps, publisher(), text);
  const plan = (text: string) => planManifest(deps, example.administrator, text);
  const actions = ({ steps }: Awaited<ReturnType<typeof plan>>) =>
    steps.map(({ kind, name, action }) => `${kind} ${name} ${action}`);

  it("a plan shows what would be made, in the order of making, and does nothing", async () => {
    const count = (await eventsOf(example)).length;
    const made = [
      "Team payments",
      "Server reports",
      "Tool reports/publish",
      "Tool reports/list",
      "Policy nightly",
      "Group writers",
      "Agent reporter",
    ];
    assert.deepEqual(
      actions(await plan(WHOLE)),
      made.map((what) => `${what} create`),
    );
    assert.equal((await eventsOf(example)).length, count);
    assert.equal(await findAgent(deps, "reporter"), undefined);
  });

  it("a manifest says where a server stands, what a tool moves and where its facts are found", async () => {
    const placed = SERVER.replace("team: payments", "team: payments, environment: production, region: eu-1");
    const pay = `${tool("pay", "write").replace("title", "amount: { type: number }, invoice")}  data: [payments]
  untrusted: true
  amount: { argument: amount, currency: EUR }
  facts:
    - { name: owed, type: number, url: "https://reports.example.com/{invoice}", pointer: /owed, equals: amount }
`;
    await apply(all(TEAM, placed, pay));
    const { amount, facts, untrusted, data } = (await findTool(deps, "reports/pay")) ?? assert.fail("none");
    assert.deepEqual(
      [amount, data, untrusted],
      [{ argument: "amount", currency: "EUR" }, ["payments"], true],
    );
    assert.equal(facts?.[0]?.equals, "amount");
    assert.deepEqual(
      (await plan(all(TEAM, placed, pay))).steps.map(({ action }) => action),
      ["unchanged", "unchanged", "unchanged"],
    );
    await assert.rejects(apply(all(pay.replace("currency: EUR", "currency: euro"))), refusal("invalid"));
    await assert.rejects(apply(all(pay.replace("equals: amount", "equals: invoice"))), refusal("invalid"));
  });

  it("applying makes everything, whatever order it is declared in", async () => {
    await apply(WHOLE);
    const made = await findAgent(deps, "reporter");
    assert.deepEqual(
      made?.grants.map(({ identifier }) => identifier),
      ["reports/publish", "reports/list"],
    );
    assert.equal(made?.owner, example.owner);
    assert.equal(made?.version, "1.10");
    assert.equal(made?.expires, Date.UTC(2027, 0, 31));
    assert.equal(made?.dormantAfter, 30 * 86_400_000);
    assert.deepEqual(
      [made?.autonomy, made?.sensitivity, made?.criticality, made?.triggers],
      ["supervised", "confidential", "high", ["person", "schedule"]],
    );
    assert.deepEqual(made?.delegation.delegate_to, ["helper-agent"]);
    assert.equal(made?.delegation.max_depth, 2);
    assert.deepEqual(
      made?.delegation.grants.map(({ identifier }) => identifier),
      ["reports/list"],
    );
    assert.equal((await findTeam(deps, "payments"))?.zone, "Europe/Berlin");
    assert.equal((await findGroup(deps, "writers"))?.grants.length, 2);
    assert.equal((await eventsOf(example, "policy.activated")).length, 1);
    const applied = await eventsOf(example, "manifest.applied");
    const names = applied.map(({ body }) => (body as { names: string[] }).names.join());
    assert.deepEqual(names.sort(), [
      "payments",
      "reporter",
      "reports",
      "reports/publish,reports/list",
      "writers",
    ]);
  });

  it("applying the same again changes nothing and writes no event, and the plan says so", async () => {
    await apply(WHOLE);
    const [count, record] = [(await eventsOf(example)).length, await findAgent(deps, "reporter")];
    assert.ok(actions(await plan(WHOLE)).every((step) => step.endsWith(" unchanged")));
    assert.ok(actions(await apply(WHOLE)).every((step) => step.endsWith(" unchanged")));
    assert.equal((await eventsOf(example)).length, count);
    assert.deepEqual(await findAgent(deps, "reporter"), record);
  });

  it("a plan names the members that would change, and applying changes exactly those", async () => {
    await apply(WHOLE);
    const wider = all(
      agent('["reports:write", "reports/list*"]')
        .replace("max-depth: 2", "max-depth: 3")
        .replace("  team: payments\n", ""),
    );
    const { steps } = await plan(wider);
    assert.deepEqual(steps, [
      { kind: "Agent", name: "reporter", action: "change", fields: ["delegation", "team"] },
    ]);
    await apply(wider);
    const after = await findAgent(deps, "reporter");
    assert.equal(after !== undefined && "team" in after, false);
    assert.deepEqual(actions(await plan(wider)), ["Agent reporter unchanged"]);
  });

  it("a narrower manifest takes authority away at once; one that says less of an agent's state does not wake it", async () => {
    await apply(WHOLE);
    await exampleInstance(example, "reporter");
    await suspendAgent(deps, example.administrator, { name: "reporter" });
    await apply(WHOLE);
    assert.equal((await findAgent(deps, "reporter"))?.status, "suspended");
    await apply(agent("[reports/list]"));
    assert.deepEqual(await deadKeys(example), [
      "agent:reporter#0",
      "agent:reporter/access#0",
      "agent:reporter#1",
    ]);
  });

  it("tools pinned later do not join the agents of an earlier apply until it is applied again", async () => {
    await apply(WHOLE);
    await apply(tool("erase", "write, destructive"));
    assert.equal((await findAgent(deps, "reporter"))?.grants.length, 2);
    assert.deepEqual((await plan(agent())).steps[0]?.fields, ["grants"]);
  });

  it("a changed tool definition is shown by the plan, and applying it is the explicit change of its pin", async () => {
    await apply(WHOLE);
    const before = await findTool(deps, "reports/publish");
    const changed = tool("publish", "write", "Does something else.");
    assert.deepEqual((await plan(changed)).steps[0]?.fields, ["description"]);
    await apply(changed);
    const [event] = await eventsOf(example, "tool.repinned");
    assert.equal((event?.body as { replaces: string }).replaces, before?.digest);
  });

  it("people who are not registered, unknown tools and unknown teams are refused with the line, before anything is made", async () => {
    const wrong: [string, RegExp][] = [
      [
        all(TEAM, SERVER, tool("list", "read"), agent("[reports/delete]")),
        /^Line 16, Agent reporter: .*no tool delete. It has list/,
      ],
      [all(TEAM, agent("[]").replace("ada@", "eve@")), /^Line 5, Agent reporter: The person it names/],
    ];
    for (const [text, words] of wrong) await assert.rejects(apply(text), refusal("invalid", words));
    assert.equal(await findTeam(deps, "payments"), undefined);
    const lonely = agent("[]").replace("  delegation:", "  # delegation:");
    await assert.rejects(
      apply(lonely),
      refusal("invalid", /^Line 1, Agent reporter: There is no team payments/),
    );
  });

  const TITLED = POLICY.replace(
    "context.now.hour < 6",
    'context.args has title && context.args.title == "x"',
  );
  const renamed = tool("publish", "write").replace("title", "heading");

  it("a tool that the policies in force would lose an argument of is refused, and nothing of the manifest's tools is pinned", async () => {
    await apply(all(WHOLE, TITLED.replace("nightly", "titled").replace("no-night-reports", "no-titles")));
    const before = await findTool(deps, "reports/publish");
    await assert.rejects(
      apply(all(tool("extra", "read"), renamed)),
      refusal("invalid", /titled\.cedar:\d+: It reads context\.args\.title, which reports\/publish/),
    );
    assert.deepEqual(await findTool(deps, "reports/publish"), before);
    assert.equal(await findTool(deps, "reports/extra"), undefined);
  });

  it("a manifest that changes a tool and its policies changes both at once, and each is checked against the other", async () => {
    await apply(all(TEAM, SERVER, tool("publish", "write"), TITLED));
    const events = (await eventsOf(example, "policy.activated")).length;
    await assert.rejects(apply(all(renamed, TITLED)), refusal("invalid", /context\.args\.title/));
    const unfit = TITLED.replaceAll("args.title ==", "args.heading >").replace("has title", "has heading");
    await assert.rejects(apply(all(renamed, unfit.replace('"x"', "5"))), refusal("invalid"));
    assert.equal((await eventsOf(example, "policy.activated")).length, events);
    assert.ok("title" in ((await findTool(deps, "reports/publish"))?.inputSchema.properties ?? {}));
    await apply(all(renamed, TITLED.replaceAll("title", "heading")));
    assert.ok("heading" in ((await findTool(deps, "reports/publish"))?.inputSchema.properties ?? {}));
    assert.equal((await eventsOf(example, "policy.activated")).length, events + 1);
    assert.deepEqual(actions(await plan(all(renamed, TITLED.replaceAll("title", "heading")))), [
      "Tool reports/publish unchanged",
      "Policy nightly unchanged",
    ]);
  });

  it("a server whose environment policies in force read keeps one", async () => {
    const placed = SERVER.replace("team: payments", "team: payments, environment: production");
    const only = POLICY.replace(
      "context.now.hour < 6",
      'context has tool && context.tool has environment && context.tool.environment == "production"',
    );
    await apply(all(TEAM, placed, tool("publish", "write"), only));
    await assert.rejects(apply(SERVER), refusal("invalid", /context\.tool\.environment/));
    await apply(placed.replace("production", "staging"));
  });

  it("what an agent must be made of is declared beside it; where that changes, the agent must prove itself anew", async () => {
    const artifacts = (digit: string) => `kind: Artifacts
name: reporter
spec: { images: { allow: ["sha256:${digit.repeat(64)}"] }, model: required }
`;
    const declared = (digit: string) => all(artifacts(digit), WHOLE);
    assert.ok(actions(await apply(declared("a"))).includes("Artifacts reporter create"));
    await exampleInstance(example, "reporter");
    const { steps } = await plan(declared("a"));
    assert.ok(steps.every(({ action }) => action === "unchanged"));
    await apply(declared("a"));
    assert.equal((await findAgent(deps, "reporter"))?.status, "active");
    const changed = (await plan(declared("b"))).steps.find(({ kind }) => kind === "Artifacts");
    assert.deepEqual([changed?.action, changed?.fields], ["change", ["images"]]);
    await apply(declared("b"));
    assert.equal((await findAgent(deps, "reporter"))?.status, "unattested");
    await assert.rejects(
      apply(artifacts("c").replace("reporter", "nobody-here")),
      refusal("not-found", /Line 1, Artifacts nobody-here/),
    );
    await assert.rejects(apply(artifacts("latest")), refusal("invalid", /Line \d+: spec\.images/));
  });

  it("which processes an agent's copies are stands with the agent; a change has them attested anew", async () => {
    const declared = (user: string, ttl = 600) => `${TEAM}---
${SERVER}---
${tool("list", "read")}---
${agent(
  '["reports/list"]',
  `  identity:
    main:
      selectors: ["unix:user:${user}", "process:script:/opt/reporter/main.js"]
      hosts: ["host:type:join_token"]
      files: [{ path: /opt/reporter/prompt.md, role: prompt }]
      ttl: ${ttl}
`,
).replace(/^ {2}delegation:.*\n/m, "")}`;
    const { steps } = await apply(declared("reporter"));
    assert.deepEqual(steps.at(-1), { kind: "Entry", name: "reporter/main", action: "create", fields: [] });
    const [before] = await allEntriesOf(deps, { kind: "agent", principal: "reporter" });
    assert.equal(before?.ttl, 600);
    const again = await plan(declared("reporter"));
    assert.ok(
      again.steps.every(({ action }) => action === "unchanged"),
      JSON.stringify(again.steps),
    );
    await apply(declared("reporter", 300));
    const [shorter] = await allEntriesOf(deps, { kind: "agent", principal: "reporter" });
    assert.deepEqual([shorter?.id, shorter?.ttl], [before?.id, 300], "what must be shown is the same");
    await apply(declared("somebody", 300));
    const [after] = await allEntriesOf(deps, { kind: "agent", principal: "reporter" });
    assert.notEqual(after?.id, before?.id);
    assert.ok((await deadKeys(example)).includes(`workload:${before?.id}`));
  });

  it("an entry that is taken out of an agent's identity goes, which the plan shows; where none is said all stay", async () => {
    const entry = (name: string) => `    ${name}:
      selectors: ["unix:user:${name}", "process:script:/opt/reporter/main.js"]
      hosts: ["host:type:join_token"]
`;
    const declared = (identity: string) =>
      `${TEAM}---\n${SERVER}---\n${tool("list", "read")}---\n${agent('["reports/list"]', identity).replace(
        /^ {2}delegation:.*\n/m,
        "",
      )}`;
    const names = async () =>
      (await allEntriesOf(deps, { kind: "agent", principal: "reporter" })).map(({ name }) => name);
    const both = `  identity:\n${entry("main")}${entry("second")}`;
    await apply(declared(both));
    const second = (await allEntriesOf(deps, { kind: "agent", principal: "reporter" })).at(-1);
    await apply(declared(""));
    const beside = `---\nkind: Entry\nname: reporter/beside\nspec: { selectors: ["unix:user:x"], hosts: ["host:type:join_token"] }\n`;
    await apply(declared(both) + beside);
    assert.deepEqual(await names(), ["beside", "main", "second"]);
    const one = declared(`  identity:\n${entry("main")}`) + beside;
    const going = { kind: "Entry", name: "reporter/second", action: "remove", fields: [] };
    const { steps } = await plan(one);
    assert.deepEqual(
      steps.filter(({ action }) => action !== "unchanged"),
      [going],
    );
    assert.deepEqual(await names(), ["beside", "main", "second"]);
    assert.deepEqual((await apply(one)).steps, steps);
    assert.deepEqual(await names(), ["beside", "main"]);
    assert.ok((await deadKeys(example)).includes(`workload:${second?.id}`));
    await apply(declared("  identity: {}\n"));
    assert.deepEqual(await names(), []);
  });

  it("an entry that rests on an interpreter is refused with its line and better selectors, before anything is made", async () => {
    const resting = (selectors: string, hosts = '["host:type:join_token"]') =>
      `kind: Entry\nname: reporter/main\nspec: { selectors: ${selectors}, hosts: ${hosts} }\n`;
    for (const selectors of ["[unix:path:/usr/bin/node]", "[process:interpreter:node]"])
      await assert.rejects(apply(`${TEAM}---\n${resting(selectors)}`), (error) => {
        assert.ok(refusal("invalid", /Line 5.*interpreter/s)(error), String(error));
        assert.match((error as Fault).remedy ?? "", /process:script/);
        return true;
      });
    assert.equal(await findTeam(deps, "payments"), undefined);
    const wrong = ["[]", "[unix:uid]", "[argv:0:planner]", "[unix:user:reporter]"].map((text) =>
      resting(text, "[]"),
    );
    for (const text of wrong) assert.throws(() => parseManifest(text), refusal("invalid"));
    await assert.rejects(apply(resting("[unix:user:reporter]")), refusal("not-found"), "no such agent");
  });

  const base = all(TEAM, SERVER, tool("list", "read"));
  const changing = async (text: string) =>
    (await plan(text)).steps.filter(({ action }) => action !== "unchanged");

  it("whose word is taken is declared beside the agents that it is for; less of it ends what rested on it", async () => {
    const whole = all(PARTNER, PROVIDER, vouched(), PLATFORM, base);
    assert.deepEqual(actions(await apply(whole)).slice(-4), [
      "Platform builds create",
      "PlatformRule reporter/builds create",
      "IdentityProvider acme create",
      "Partner other create",
    ]);
    const [rule] = await allBindingsOf(deps, "reporter");
    const { audience } = (await declaredPlatform(deps, "builds")) ?? assert.fail("none");
    const count = (await eventsOf(example)).length;
    assert.deepEqual(await changing(whole), []);
    await apply(whole);
    assert.equal((await eventsOf(example)).length, count);
    const less = all(
      vouched('{ repository_id: "75", repository_owner_id: "65" }'),
      PLATFORM.replace(", longest: 600", ""),
      PROVIDER.replace("[{ client_id: reporter, agent: reporter, id_jag: allowed }]", "[]"),
      PARTNER.replace(/clients: .*/, "clients: []"),
    );
    assert.deepEqual(
      (await changing(less)).map(({ kind, fields }) => [kind, ...fields]),
      [
        ["Platform", "longest"],
        ["PlatformRule", "claims"],
        ["IdentityProvider", "clients"],
        ["Partner", "clients"],
      ],
    );
    await apply(less);
    assert.equal((await declaredPlatform(deps, "builds"))?.audience, audience);
    const dead = await deadKeys(example);
    for (const key of [/^platform:platform_/, RegExp(`^workload:${rule?.id}$`), /^provider:acme#1$/])
      assert.ok(
        dead.some((each) => key.test(each)),
        `${key}`,
      );
  });

  it("a rule that is taken out of an agent's platforms goes, which the plan shows; where none is said all stay", async () => {
    const second = PLATFORM.replace("builds", "nightly").replace("token.", "nightly.");
    const rules = (...names: string[]) =>
      agent(
        "[reports/list]",
        `  platforms: {${names.map((name) => `${name}: { claims: { repository_id: "1", repository_owner_id: "2" } }`).join()}}\n`,
      );
    const bound = async () => (await allBindingsOf(deps, "reporter")).map(({ platform }) => platform).sort();
    await apply(all(base, PLATFORM, second, rules("builds", "nightly")));
    const nightly = (await allBindingsOf(deps, "reporter")).find(({ platform }) => platform === "nightly");
    assert.deepEqual(await changing(agent("[reports/list]")), []);
    assert.deepEqual(await changing(rules("builds")), [
      { kind: "PlatformRule", name: "reporter/nightly", action: "remove", fields: [] },
    ]);
    assert.deepEqual(await bound(), ["builds", "nightly"]);
    await apply(rules("builds"));
    assert.deepEqual(await bound(), ["builds"]);
    assert.ok((await deadKeys(example)).includes(`workload:${nightly?.id}`));
    assert.ok(await declaredPlatform(deps, "nightly"), "a platform that is not declared stays");
    await apply(rules());
    assert.deepEqual(await bound(), []);
  });

  it("a manifest holds no secret: how a cluster is asked cannot be said in one, and stays as it was given", async () => {
    const cluster = PLATFORM.replace("github", "kubernetes").replace(", longest: 600", "");
    const review = { url: "https://cluster.example", token: "a-secret-of-the-cluster" };
    const definition = platformDefinition.parse({
      preset: "kubernetes",
      issuer: "https://token.actions.githubusercontent.com",
      review,
    });
    await putPlatform(deps, example.administrator, { name: "builds", definition });
    assert.deepEqual(await changing(cluster), []);
    await apply(cluster.replace(" }", ", longest: 900 }"));
    const sealed = async () => {
      const rows = example.database.tables<{ platform: { sealed: Uint8Array } }>().selectFrom("platform");
      return Buffer.from((await rows.select("sealed").executeTakeFirstOrThrow()).sealed).toString();
    };
    assert.match(await sealed(), /a-secret-of-the-cluster/);
    const kept = await declaredPlatform(deps, "builds");
    assert.deepEqual([kept?.longest, kept?.review?.url], [900, "https://cluster.example"]);
    const said = cluster.replace(
      " }",
      `, review: { url: "https://evil.example", token: "${review.token}" } }`,
    );
    await assert.rejects(apply(said), (error) => {
      assert.ok(
        refusal("invalid", /^Line 3: spec.review: .*countersign platforms put/)(error),
        String(error),
      );
      return !String(error).includes(review.token);
    });
  });

  it("what was ended stays ended, whatever an older manifest says", async () => {
    await apply(all(base, vouched(), PLATFORM, PROVIDER, PARTNER));
    await endIdentityProvider(deps, example.administrator, { name: "acme" });
    await endPartner(deps as Parameters<typeof endPartner>[0], example.administrator, { name: "other" });
    for (const [text, words] of [
      [PROVIDER, /^Line 1, IdentityProvider acme: .*ended/],
      [PARTNER, /^Line 1, Partner other: .*ended/],
    ] as const) {
      await assert.rejects(plan(text), refusal("gone", words));
      await assert.rejects(apply(text), refusal("gone", words));
    }
    const definition = identityProviderDefinition.parse({ issuer: "https://idp.acme.example" });
    const late = perform(deps, example.administrator, "manifest.apply", (change) =>
      declareProviderWithin(deps, change, example.administrator, { name: "acme", definition }),
    );
    await assert.rejects(late, refusal("gone"), "ended between the plan and the commit");
    const again = partnerDefinition.parse({
      audience: "https://as.other.example",
      resources: ["https://api.other.example"],
      clients: [],
    });
    const later = perform(deps, example.administrator, "manifest.apply", (change) =>
      declarePartnerWithin(deps, change, example.administrator, { name: "other", definition: again }),
    );
    await assert.rejects(later, refusal("gone"));
    await assert.rejects(declarableProvider(deps, "acme"), refusal("gone"));
    await assert.rejects(declarablePartner(deps, "other"), refusal("gone"));
  });

  it("a rule that rests on names alone, or on a platform or an agent that is not there, is refused with its line", async () => {
    await apply(all(base, PLATFORM, agent("[reports/list]")));
    const wrong: [string, Code, RegExp][] = [
      [
        vouched('{ repository: "acme/app" }'),
        "invalid",
        /^Line 1, PlatformRule reporter\/builds: .*somebody else/,
      ],
      [vouched().replace("builds:", "other:"), "not-found", /^Line 1, PlatformRule reporter\/other/],
      [PROVIDER.replace("agent: reporter", "agent: nobody-here"), "invalid", /^Line 1, .* nobody-here/],
      [PARTNER.replace("agent: reporter", "agent: nobody-here"), "invalid", /^Line 1, .* nobody-here/],
      [PLATFORM.replace("builds", "again"), "exists", /^Line 1, Platform again/],
    ];
    for (const [text, code, words] of wrong) await assert.rejects(apply(text), refusal(code, words), text);
    await removePlatform(deps, example.administrator, { name: "builds" });
    await assert.rejects(apply(vouched()), refusal("not-found"));
    await assert.rejects(plan(PLATFORM), refusal("gone", /^Line 1, Platform builds: .*removed/));
    await assert.rejects(apply(PLATFORM), refusal("gone", /^Line 1, Platform builds: .*removed/));
    const definition = platformDefinition.parse({
      preset: "github",
      issuer: "https://token.actions.githubusercontent.com",
      longest: 600,
    });
    const meanwhile = perform(deps, example.administrator, "manifest.apply", (change) =>
      declarePlatformWithin(deps, change, example.administrator, { name: "builds", definition }),
    );
    await assert.rejects(meanwhile, refusal("gone"), "removed between the plan and the commit");
    await putPlatform(deps, example.administrator, { name: "builds", definition });
    assert.deepEqual(await changing(PLATFORM), []);
    await apply(all(PLATFORM, vouched()));
  });

  it("only an administrator plans and applies", async () => {
    const caller = personCaller(newId(deps, "person"), ["auditor"]);
    await assert.rejects(planManifest(deps, caller, WHOLE), refusal("forbidden"));
    await assert.rejects(applyManifest(deps, caller, WHOLE), refusal("forbidden"));
  });

  it("policies that do not pass their checks stop, and those that decided stay", async () => {
    await apply(WHOLE);
    const broken = POLICY.replace("context.now.hour < 6", "context.now.moon < 6");
    await assert.rejects(apply(broken), refusal("invalid"));
    assert.deepEqual(actions(await plan(POLICY)), ["Policy nightly unchanged"]);
  });
});

it("a manifest that cannot be read without doubt is refused with its line", () => {
  const wrong: [string, Code, RegExp][] = [
    ["a: [", "malformed", /^Line \d+/],
    [TEAM.replace("name: payments", "name: payments\nname: other"), "malformed", /^Line 3/],
    ["kind: Team\nname: &x payments\nspec: { lead: *x }\n", "malformed", /Aliases/],
    ["kind: !!js/function Team\nname: x\n", "malformed", /^Line 1/],
    ["just text", "invalid", /^Line 1/],
    ["- kind: Team", "invalid", /^Line 1/],
    [TEAM.replace("Team", "Account"), "invalid", /^Line 1: kind: The kind is one of Team, Server/],
    [all(TEAM, TEAM), "invalid", /^Line 5: Team payments is declared on line 1 already/],
    [`${TEAM}extra: 1\n`, "invalid", /extra/],
    [all(TEAM, agent("[]", "  surprise: 1\n")), "invalid", /surprise/],
    [agent("[]").replace('"1.10"', "1.10"), "invalid", /^Line 9: spec.version: Put the version in quotes/],
    [agent("[]").replace("reporter", "administrator"), "invalid", /^Line 2: name: This name is reserved/],
    [agent("[]").replace("reporting", "overlord"), "invalid", /^Line 4: spec.class: The class is one of/],
    [agent("[]").replace("Writes", "<b>"), "invalid", /angle brackets/],
    [agent("[5]"), "invalid", /short form/],
    [vouched("{ repository_id: 0x4a }"), "invalid", /platforms.builds.claims.repository_id: Put each claim/],
    [vouched().replace("claims:", "claim:"), "invalid", /platforms.builds/],
    [PLATFORM.replace("github", "gitea"), "invalid", /^Line 3: spec.preset/],
    [PLATFORM.replace("600", "90000"), "invalid", /No honest token/],
    [PROVIDER.replace("https:", "ftp:"), "invalid", /^Line 4: spec.issuer/],
    [PARTNER.replace("clients:", "customers:"), "invalid", /customers|clients/],
    ["x".repeat(200_001), "too-large", /too large/],
    ["---\nkind: Team\n".repeat(501), "too-large", /at most/],
    ["[".repeat(20_000), "malformed", /^Line 1/],
  ];
  for (const [text, code, words] of wrong)
    assert.throws(() => parseManifest(text), refusal(code, words), text.slice(0, 80));
});

it("empty documents and comments declare nothing", () => {
  assert.deepEqual(parseManifest(""), []);
  assert.deepEqual(parseManifest("# nothing\n---\n---\n"), []);
});
