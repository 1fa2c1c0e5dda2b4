import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { testClock } from "../../audit/test-databases.ts";
import { Fault, seconds } from "../../lib/index.ts";
import { ProviderKeys } from "../../login/index.ts";
import { isAnothers, requireOnlyAudience } from "./audience.ts";
import { machineTrust } from "./machine-trust.ts";
import { type Platform, platformDefinition } from "./platform.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { PRESET_NAMES, type PresetName, presetNamed } from "./presets/index.ts";
import type { Reason } from "./refused.ts";
import { standsFor } from "./stands-for.ts";
import {
  AUDIENCE,
  REVIEWED,
  RULES,
  startCluster,
  startPlatforms,
  TENANT,
  type TestCluster,
  type TestPlatforms,
} from "./test-platforms.ts";
import { refusedFor } from "./test-refusal.ts";
import { verifyPlatformToken } from "./verify-platform-token.ts";

let platforms: TestPlatforms;
let cluster: TestCluster;
let deps: PlatformDeps;
before(async () => {
  platforms = await startPlatforms();
  cluster = await startCluster();
});
after(async () => {
  await platforms.close();
  await cluster.close();
});
beforeEach(() => {
  const clock = testClock();
  const outbound = { local: true };
  // Nothing here writes: a verification is the same whatever is stored.
  deps = { clock, outbound, providerKeys: new ProviderKeys({ clock, outbound }) } as unknown as PlatformDeps;
  cluster.status = REVIEWED;
  cluster.asked.length = 0;
});

const platform = (preset: PresetName, more: object = {}): Platform => ({
  name: preset,
  id: `platform_${preset}`,
  definition: {
    ...platformDefinition.parse({
      preset,
      issuer: platforms.issuerOf(preset),
      jwks_uri: platforms.provider.jwksUri,
      ...more,
    }),
    audience: AUDIENCE,
  },
  revision: 1,
});

const bound = (agent: string, preset: PresetName, claims: Record<string, string> = RULES[preset]) =>
  ({ id: `workload_${agent}`, platform: preset, agent, claims, created: 0 }) as const;

/** Whom a token stands for, by one rule. */
async function judged(preset: PresetName, token: string, rule = RULES[preset], of = platform(preset)) {
  const known = presetNamed(preset);
  const { claims } = await verifyPlatformToken(deps, of, token);
  const read = known.read(claims, of.definition.issuer);
  return { ...read, agent: standsFor([bound("planner", preset, rule)], read, known).agent };
}

const refuses = async (preset: PresetName, reason: Reason, claims: Record<string, unknown>, header = {}) =>
  assert.rejects(
    judged(preset, await platforms.token(preset, claims, header)),
    refusedFor(reason),
    `${preset} ${JSON.stringify(claims)}`,
  );

const seconds1970 = (more: number) => deps.clock.now() / 1000 + more;

describe("a token of any platform", () => {
  const each = async (check: (preset: PresetName) => Promise<void>) => {
    for (const preset of PRESET_NAMES) await check(preset);
  };

  test("stands for the agent whose rule it fits", () =>
    each(async (preset) => {
      const { agent, facts } = await judged(preset, await platforms.token(preset));
      assert.equal(agent, "planner");
      for (const [name, value] of Object.entries(RULES[preset])) assert.equal(facts[name], value);
    }));

  test("is worth nothing from another issuer, for another audience or for two", () =>
    each(async (preset) => {
      await refuses(preset, "wrong-issuer", { iss: `${platforms.issuerOf(preset)}/` });
      await refuses(preset, "wrong-issuer", { iss: undefined });
      await refuses(preset, "wrong-audience", { aud: `${AUDIENCE}/` });
      await refuses(preset, "wrong-audience", { aud: undefined });
      await refuses(preset, "several-audiences", { aud: [AUDIENCE, "https://other.example"] });
      for (const aud of ["sts.amazonaws.com", "pods.eks.amazonaws.com", "api://AzureADTokenExchange"])
        await refuses(preset, "audience-of-another", { aud: [aud] });
      await judged(preset, await platforms.token(preset, { aud: [AUDIENCE] }));
    }));

  test("is worth nothing before and after its time, or when it lives longer than honest ones", () =>
    each(async (preset) => {
      await refuses(preset, "expired", { exp: seconds1970(0) });
      await refuses(preset, "not-yet-valid", { nbf: seconds1970(31) });
      await refuses(preset, "not-yet-valid", { iat: seconds1970(31) });
      await refuses(preset, "claims-missing", { exp: undefined });
      await refuses(preset, "claims-missing", { iat: undefined });
      const longest = presetNamed(preset).longest / 1000;
      await refuses(preset, "lives-too-long", { exp: seconds1970(longest + 1) });
      await judged(preset, await platforms.token(preset, { exp: seconds1970(longest) }));
    }));

  test("is worth nothing unsigned, signed with a shared secret, or by a key that nobody published", () =>
    each(async (preset) => {
      const [header, claims] = (await platforms.token(preset)).split(".");
      const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
      for (const alg of ["none", "None", "HS256"]) {
        const start = `${encoded({ alg, typ: "JWT", kid: "rsa-1" })}.${claims}`;
        const published = JSON.stringify(platforms.provider.published[1]);
        const mac = createHmac("sha256", published).update(start).digest("base64url");
        for (const signature of ["", mac])
          await assert.rejects(judged(preset, `${start}.${signature}`), refusedFor("algorithm-not-taken"));
      }
      await refuses(preset, "unknown-key", {}, { kid: "made-up" });
      await assert.rejects(judged(preset, `${header}.${claims}.AAAA`), refusedFor("bad-signature"));
      await refuses(preset, "malformed", {}, { typ: "oauth-id-jag+jwt" });
      await refuses(preset, "malformed", {}, { jku: "https://evil.example/keys" });
    }));

  test("that says something else than the rule stands for nobody", () =>
    each(async (preset) => {
      for (const name of Object.keys(RULES[preset])) {
        const rule = { ...RULES[preset], [name]: "another" };
        const token = await platforms.token(preset);
        await assert.rejects(judged(preset, token, rule), refusedFor("no-rule"), name);
      }
    }));
});

describe("a token of a cluster", () => {
  const said = (more: object) => {
    const claims = {
      namespace: "prod",
      serviceaccount: { name: "planner", uid: "33333333-aaaa-4aaa-8aaa-000000000003" },
    };
    return { "kubernetes.io": { ...claims, pod: { name: "p", uid: "22222222" }, ...more } };
  };

  test("from a secret is not taken: it never ends and is for everybody", async () => {
    await refuses("kubernetes", "legacy-token", {
      iss: "kubernetes/serviceaccount",
      aud: undefined,
      exp: undefined,
    });
    await refuses("kubernetes", "legacy-token", { "kubernetes.io/serviceaccount/namespace": "prod" });
  });

  test("that is bound to no pod, or to a node alone, is not taken", async () => {
    await refuses("kubernetes", "not-bound-to-a-pod", said({ pod: undefined }));
    await refuses(
      "kubernetes",
      "not-bound-to-a-pod",
      said({ pod: undefined, node: { name: "n", uid: "1" } }),
    );
  });

  test("that every pod has by default lives a year, and is not taken", () =>
    refuses("kubernetes", "lives-too-long", { exp: seconds1970(31_536_000) }));

  test("whose subject and claims are two different accounts is not taken", () =>
    refuses("kubernetes", "claims-missing", { sub: "system:serviceaccount:prod:admin" }));

  test("of a service account that was made anew under the same name stands for nobody", () =>
    refuses("kubernetes", "no-rule", said({ serviceaccount: { name: "planner", uid: "99999999" } })));

  test("is shown to the cluster where it reviews tokens, with our audience, over its own authority", async () => {
    const { url, ca, token: reviewer } = cluster;
    const of = platform("kubernetes", { jwks_uri: undefined, review: { url, ca, token: reviewer } });
    const token = await platforms.token("kubernetes");
    assert.equal((await judged("kubernetes", token, RULES.kubernetes, of)).agent, "planner");
    assert.deepEqual(cluster.asked, [
      {
        authorization: `Bearer ${reviewer}`,
        path: "/apis/authentication.k8s.io/v1/tokenreviews",
        spec: { token, audiences: [AUDIENCE] },
      },
    ]);
    const wrong: [object, Reason][] = [
      [{ authenticated: false, error: "gone" }, "not-authenticated"],
      [{ ...REVIEWED, authenticated: "true" }, "not-authenticated"],
      [{ ...REVIEWED, audiences: undefined }, "wrong-audience"],
      [{ ...REVIEWED, audiences: ["https://kubernetes.default.svc"] }, "wrong-audience"],
      [{ ...REVIEWED, user: { ...(REVIEWED.user as object), uid: "another" } }, "not-authenticated"],
      [{ ...REVIEWED, user: { ...(REVIEWED.user as object), extra: {} } }, "not-authenticated"],
    ];
    for (const [status, reason] of wrong) {
      cluster.status = status as never;
      await assert.rejects(judged("kubernetes", token, RULES.kubernetes, of), refusedFor(reason));
    }
    const strange = platform("kubernetes", { review: { url, token: reviewer } });
    await assert.rejects(
      judged("kubernetes", token, RULES.kubernetes, strange),
      (error) => error instanceof Fault && error.code === "unavailable",
      "an authority that nobody named",
    );
  });
});

describe("a token of GitHub", () => {
  test("of another repository with the same name stands for nobody", () =>
    refuses("github", "no-rule", { repository_id: "75" }));

  test("of a fork, which has an owner of its own, stands for nobody", () =>
    refuses("github", "no-rule", {
      repository_id: "76",
      repository_owner_id: "666",
      repository: "evil/planner",
    }));

  test("of the same repository under another name, with a subject of the newer form, stands for the agent still", async () => {
    const renamed = {
      repository: "acme/scheduler",
      sub: "repo:acme@65/scheduler@74:environment:production",
    };
    assert.equal((await judged("github", await platforms.token("github", renamed))).agent, "planner");
  });

  test("of a job that outsiders can begin counts only where the rule names the event", async () => {
    const outsiders = ["pull_request_target", "workflow_run", "pull_request", "issue_comment"];
    for (const event_name of [...outsiders, "issues", "fork", "watch", "discussion", "of-next-year"]) {
      await refuses("github", "event-not-named", { event_name });
      const token = await platforms.token("github", { event_name });
      assert.equal((await judged("github", token, { ...RULES.github, event_name })).agent, "planner");
    }
    await refuses("github", "claims-missing", { event_name: undefined });
    for (const event_name of ["push", "schedule", "workflow_dispatch", "release"])
      assert.equal(
        (await judged("github", await platforms.token("github", { event_name }))).agent,
        "planner",
      );
  });

  test("of GitLab counts likewise, and a pipeline that another began has to be named", async () => {
    for (const pipeline_source of ["merge_request_event", "parent_pipeline", "pipeline", "of-next-year"]) {
      await refuses("gitlab", "event-not-named", { pipeline_source });
      const token = await platforms.token("gitlab", { pipeline_source });
      assert.equal((await judged("gitlab", token, { ...RULES.gitlab, pipeline_source })).agent, "planner");
    }
    for (const pipeline_source of ["push", "schedule", "web"]) {
      const token = await platforms.token("gitlab", { pipeline_source });
      assert.equal((await judged("gitlab", token)).agent, "planner");
    }
  });

  test("names one job as the running copy", async () => {
    const copyOf = async (more: object) =>
      (await judged("github", await platforms.token("github", { ...more }))).copy;
    assert.equal(await copyOf({}), await copyOf({}));
    assert.notEqual(await copyOf({}), await copyOf({ check_run_id: "80086" }));
  });
});

describe("a token of Azure", () => {
  test("of another tenant, or a person's, is not taken", async () => {
    await refuses("azure", "wrong-tenant", { tid: "00000000-0000-4000-8000-000000000000" });
    await refuses("azure", "token-of-a-person", { scp: "user_impersonation" });
    await refuses("azure", "token-of-a-person", { idtyp: "user" });
    await refuses("azure", "token-of-a-person", { sub: "pairwise-subject-of-a-person" });
  });

  test("of the other version, which names its issuer otherwise, is not taken", async () => {
    await refuses("azure", "wrong-issuer", { ver: "1.0" });
    await refuses("azure", "wrong-issuer", { iss: `https://sts.windows.net/${TENANT}/` });
  });

  test("comes of one tenant: an issuer of many is none", () => {
    for (const tenant of ["common", "organizations", "consumers"]) {
      const said = { preset: "azure", issuer: `https://login.microsoftonline.com/${tenant}/v2.0` };
      assert.equal(platformDefinition.safeParse(said).success, false);
    }
    const one = { preset: "azure", issuer: `https://login.microsoftonline.com/${TENANT}/v2.0` };
    assert.equal(platformDefinition.safeParse(one).success, true);
  });
});

describe("a token of Google's cloud", () => {
  test("that was not asked for with all of it is bound to no machine", async () => {
    await refuses("gcp", "not-bound-to-a-machine", { google: undefined });
    await refuses("gcp", "not-bound-to-a-machine", {
      google: { compute_engine: { project_number: 739419398126 } },
    });
  });

  test("of another account or project stands for nobody, whatever address it has", async () => {
    await refuses("gcp", "no-rule", { sub: "2", azp: "2" });
    await refuses("gcp", "claims-missing", { sub: "planner@acme.iam.gserviceaccount.com" });
    await refuses("gcp", "claims-missing", { azp: "2" });
  });
});

describe("a token of Amazon's cloud", () => {
  test("of a role in another account, or of no role, is not taken", async () => {
    await refuses("aws", "wrong-account", { sub: "arn:aws:iam::999999999999:role/planner" });
    await refuses("aws", "claims-missing", { sub: "arn:aws:iam::123456789012:user/planner" });
    await refuses("aws", "claims-missing", { "https://sts.amazonaws.com/": undefined });
  });

  test("says nothing by what whoever asked put into it", async () => {
    const { facts } = await judged("aws", await platforms.token("aws"));
    assert.equal(facts.account, "123456789012");
    assert.deepEqual(Object.keys(facts).sort(), ["account", "ec2_instance", "org_id", "region", "role"]);
  });
});

describe("rules", () => {
  test("of which several fit are not guessed between; the agent that is named is meant", async () => {
    const read = await judged("oidc", await platforms.token("oidc"));
    const both = [bound("planner", "oidc"), bound("writer", "oidc")];
    assert.throws(() => standsFor(both, read, presetNamed("oidc")), refusedFor("several-agents"));
    assert.equal(standsFor(both, read, presetNamed("oidc"), "writer").agent, "writer");
    assert.throws(() => standsFor(both, read, presetNamed("oidc"), "other"), refusedFor("no-rule"));
  });

  test("never see what a token's objects inherit", () => {
    const read = { facts: { sub: "a" } };
    const odd = bound("planner", "oidc", { constructor: "x" });
    assert.throws(() => standsFor([odd], read, presetNamed("oidc")), refusedFor("no-rule"));
  });
});

describe("a definition", () => {
  test("cannot allow lives that no honest token has, nor an audience that everybody knows", () => {
    const base = { issuer: "https://issuer.example" };
    const wrong = [
      { preset: "kubernetes", longest: 3_608 },
      { preset: "github", longest: 7_200 },
      { preset: "oidc", audience: "sts.amazonaws.com" },
      { preset: "oidc", audience: "https://github.com/acme" },
      { preset: "oidc", audience: "short" },
      { preset: "oidc", audience: base.issuer },
      { preset: "oidc", issuer: "http://issuer.example" },
      { preset: "github", review: { url: "https://api.example", token: "t" } },
      { preset: "oidc", algorithms: ["HS256"] },
      { preset: "oidc", algorithms: ["none"] },
      { preset: "oidc", unknown: true },
    ];
    const cluster = { issuer: "https://oidc.example", audience: "countersign", service_accounts: ["a/b"] };
    const clusters = (more: object) => ({ type: "k8s", clusters: { prod: { ...cluster, ...more } } });
    assert.equal(machineTrust.safeParse(clusters({})).success, true);
    for (const audience of ["vault", "https://kubernetes.default.svc", cluster.issuer])
      assert.equal(machineTrust.safeParse(clusters({ audience })).success, false, audience);
    assert.throws(() => requireOnlyAudience("vault", "vault"), refusedFor("audience-of-another"));
    assert.equal(isAnothers("https://gitlab.company.example/hosts"), false, "only what is there");
    for (const each of wrong)
      assert.equal(platformDefinition.safeParse({ ...base, ...each }).success, false, JSON.stringify(each));
    assert.equal(platformDefinition.safeParse({ ...base, preset: "oidc" }).success, true);
    assert.equal(presetNamed("kubernetes").longest, seconds(3_607));
  });
});
