import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Json, JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { readModelOrigin } from "./index.ts";

const root = "a".repeat(64);
const file = "b".repeat(64);
const weights = { root, resources: [{ digest: file }, { digest: "c".repeat(64) }] };

const refused = (code: string) => (error: unknown) =>
  error instanceof VerificationError && error.code === code;

const owner = { organization: { name: "Example Data Ltd" } };
const dataset = (more: JsonObject = {}): JsonObject => ({
  type: "data",
  "bom-ref": "data-1",
  name: "invoices-2025",
  hashes: [{ alg: "SHA-256", content: "D".repeat(64) }],
  data: [{ type: "dataset", classification: "confidential", governance: { owners: [owner] } }],
  ...more,
});
const model = (more: JsonObject = {}): JsonObject => ({
  type: "machine-learning-model",
  name: "tiny",
  version: "3",
  hashes: [{ alg: "SHA-256", content: root }],
  modelCard: { modelParameters: { datasets: [{ ref: "data-1" }] } },
  ...more,
});
const bom = (components: Json[], more: JsonObject = {}): JsonObject => ({
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  components,
  ...more,
});
const read = (document: Json, of = weights) => readModelOrigin(document, of);

describe("where a model comes from", () => {
  test("is what its bill of materials says: data sets with digests and owners", () => {
    const expected = {
      model: { name: "tiny", version: "3" },
      datasets: [
        {
          name: "invoices-2025",
          digests: [`sha-256:${"d".repeat(64)}`],
          owners: ["Example Data Ltd"],
          classification: "confidential",
        },
      ],
    };
    assert.deepEqual(read(bom([model(), dataset()])), expected);
    assert.deepEqual(
      read(bom([dataset()], { metadata: { component: model() }, specVersion: "1.7" })),
      expected,
    );
    assert.deepEqual(
      read(bom([{ type: "application", components: [model({ components: [dataset()] })] }])),
      expected,
    );
  });

  test("is said of exactly these weights: by their root, or by the one file that they are", () => {
    const ofFile = model({ hashes: [{ alg: "SHA-256", content: file }] });
    assert.ok(read(bom([ofFile, dataset()]), { root, resources: [{ digest: file }] }));
    assert.throws(() => read(bom([ofFile, dataset()])), refused("wrong-subject"));
    const wrong: Json[] = [
      [],
      [{ alg: "SHA-256", content: "e".repeat(64) }],
      [
        { alg: "SHA-256", content: root },
        { alg: "SHA-256", content: "e".repeat(64) },
      ],
      [{ alg: "SHA-512", content: "e".repeat(128) }],
      [{ alg: "MD5", content: root }],
    ];
    for (const hashes of wrong)
      assert.throws(
        () => read(bom([model({ hashes }), dataset()])),
        refused("wrong-subject"),
        JSON.stringify(hashes),
      );
    assert.throws(() => read(bom([model(), model(), dataset()])), refused("wrong-subject"));
    assert.throws(() => read(bom([model({ type: "library" }), dataset()])), refused("wrong-subject"));
  });

  test("is not known where data has no digest, no owner, or is no part of the document", () => {
    const withDatasets = (datasets: Json) => model({ modelCard: { modelParameters: { datasets } } });
    const wrong: Readonly<Record<string, Json[]>> = {
      "no card": [model({ modelCard: {} }), dataset()],
      "no data sets": [withDatasets([]), dataset()],
      "a data set within the card": [
        withDatasets([{ type: "dataset", governance: { owners: [owner] } }]),
        dataset(),
      ],
      "a reference to nothing": [withDatasets([{ ref: "data-1" }, { ref: "data-2" }]), dataset()],
      "a reference elsewhere": [
        withDatasets([{ ref: "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1" }]),
        dataset(),
      ],
      "a reference to two": [model(), dataset(), dataset()],
      "a reference to no data": [model(), dataset({ type: "library" })],
      "no digest": [model(), dataset({ hashes: [] })],
      "a weak digest": [model(), dataset({ hashes: [{ alg: "MD5", content: "d".repeat(32) }] })],
      "no governance": [model(), dataset({ data: [{ type: "dataset" }] })],
      "nobody answering for one part": [
        model(),
        dataset({ data: [{ type: "dataset", governance: { owners: [owner] } }, { type: "dataset" }] }),
      ],
      "an owner without a name": [
        model(),
        dataset({ data: [{ type: "dataset", governance: { owners: [{ organization: {} }] } }] }),
      ],
      "no data": [model(), dataset({ data: [] })],
    };
    for (const [what, components] of Object.entries(wrong))
      assert.throws(() => read(bom(components)), refused("missing-claim"), what);
  });

  test("is not read from another kind of document, nor from one that is broken", () => {
    for (const more of [{ bomFormat: "SPDX" }, { specVersion: "1.5" }, { specVersion: 1.6 }])
      assert.throws(() => read(bom([model(), dataset()], more)), refused("wrong-typ"));
    const broken: Json[] = [
      null,
      bom([null]),
      bom([model({ hashes: {} })]),
      bom([model({ hashes: [{ alg: "SHA-256", content: "short" }] })]),
      bom([model({ name: 1 }), dataset()]),
      bom([model(), dataset({ name: "x".repeat(501) })]),
    ];
    for (const document of broken)
      assert.throws(() => read(document), refused("malformed"), JSON.stringify(document));
  });

  test("from any JSON at all, is read or refused and nothing else", () => {
    const word = fc.constantFrom("type", "name", "hashes", "components", "data", "bom-ref", "ref", "modelCard", "modelParameters", "datasets", "governance", "owners", "data-1", "machine-learning-model"); // biome-ignore format: one list
    const { json } = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 6 },
        fc.oneof(word, fc.constantFrom<Json>(null, 1, root)),
        fc.array(tie("json"), { maxLength: 3 }),
        fc.dictionary(word, tie("json"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(json, json, (one, other) => {
        try {
          read(bom([one, { ...model(), modelCard: other }, dataset()]));
        } catch (error) {
          assert.ok(error instanceof VerificationError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});
