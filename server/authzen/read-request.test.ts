import assert from "node:assert/strict";
import { test } from "node:test";
import { isJsonObject, type Json } from "@countersign/proof/jcs";
import fc from "fast-check";
import type { z } from "zod";
import { Fault } from "../lib/index.ts";
import { readEvaluation, readEvaluations, readSearch, type Sought } from "./read-request.ts";
import {
  actionSearch,
  evaluationRequest,
  evaluationsRequest,
  resourceSearch,
  subjectSearch,
} from "./wire.ts";

/** zod drops members of this name, which the reader keeps as the data that they are: no difference to look for. */
const DROPPED = '"__proto__":';

const anything = fc.oneof(
  fc.constantFrom<Json>("", "x", 0, 1, -1, 1.5, 2 ** 53 - 1, true, null, [], {}, [1], { a: 1 }),
  fc
    .jsonValue({ maxDepth: 2 })
    .filter((value) => !JSON.stringify(value).includes(DROPPED)) as fc.Arbitrary<Json>,
);
const text = fc.oneof({ weight: 6, arbitrary: fc.constantFrom("user", "alice") }, anything);
const properties = fc.oneof({ weight: 4, arbitrary: fc.constantFrom({}, { role: "admin" }) }, anything);

/** Mostly right, with members missing, wrong or unknown. */
const some = (members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Json> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.record(members, { requiredKeys: [] }) },
    anything,
  ) as fc.Arbitrary<Json>;

const mostly = (value: fc.Arbitrary<Json>) => fc.oneof({ weight: 8, arbitrary: value }, anything);
const entity = some({ type: text, id: text, properties, unknown: anything });
const action = some({ name: text, properties, unknown: anything });
const parts = {
  subject: mostly(entity),
  action: mostly(action),
  resource: mostly(entity),
  context: properties,
};
const page = some({ token: text, limit: fc.oneof(fc.integer({ min: -1, max: 5 }), anything) });

const outcome = (read: () => unknown): { value: unknown } | { fault: string } => {
  try {
    return { value: read() };
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === "malformed");
    return { fault: error.message };
  }
};

/** The reader and the schema agree on what is right, and the reader names a place that the schema names. */
function agree(schema: z.ZodType, body: Json, read: () => unknown): void {
  const read1 = outcome(read);
  const checked = schema.safeParse(body);
  if ("value" in read1) assert.ok(checked.success, JSON.stringify(body));
  else {
    assert.ok(!checked.success, `${read1.fault} ${JSON.stringify(body)}`);
    const places = checked.error.issues.map(({ path }) => (path.length === 0 ? "it" : path.join(".")));
    const named = /^The body does not fit: ([^:]+):/.exec(read1.fault)?.[1];
    assert.ok(
      places.includes(named ?? ""),
      `${named} is none of ${places.join()} in ${JSON.stringify(body)}`,
    );
  }
}

/** The schemas allow everything that is not known; what they make of the rest is what was read. */
const known = (schema: z.ZodType, body: Json): unknown => schema.parse(body);

test("a question is read as its schema says, and refused where its schema refuses", () => {
  fc.assert(
    fc.property(some({ ...parts, unknown: anything }), (body) => {
      agree(evaluationRequest, body, () => readEvaluation(body));
      const read = outcome(() => readEvaluation(body));
      if ("value" in read) assert.deepEqual(read.value, known(evaluationRequest, body));
    }),
    { numRuns: 2_000 },
  );
});

test("a property named __proto__ is data: it neither vanishes nor lends others to the rest", () => {
  const body = JSON.parse(
    `{"subject":{"type":"user","id":"a","properties":{${DROPPED}{"role":"admin"}}},` +
      '"action":{"name":"read"},"resource":{"type":"doc","id":"b"}}',
  ) as Json;
  const { properties = {} } = readEvaluation(body).subject;
  assert.ok(Object.hasOwn(properties, "__proto__"));
  assert.equal((properties as { role?: unknown }).role, undefined);
});

test("a search is read as its schema says, but for the id of what is sought, which is ignored", () => {
  const schemas: [Sought, z.ZodType][] = [
    ["subject", subjectSearch],
    ["resource", resourceSearch],
    ["action", actionSearch],
  ];
  fc.assert(
    fc.property(
      some({ ...parts, page: mostly(page) }),
      fc.constantFrom(...schemas),
      (body, [sought, schema]) => {
        agree(schema, body, () => readSearch(body, sought));
        const read = outcome(() => readSearch(body, sought));
        if ("value" in read) assert.deepEqual(read.value, known(schema, body));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("several questions are refused as a whole where their schema refuses; a wrong item is wrong alone", () => {
  const items = fc.oneof({ weight: 6, arbitrary: fc.array(some(parts), { maxLength: 3 }) }, anything);
  const options = some({ evaluations_semantic: fc.oneof(fc.constantFrom("execute_all", "x"), anything) });
  fc.assert(
    fc.property(some({ ...parts, evaluations: items as fc.Arbitrary<Json>, options }), (body) => {
      const items = isJsonObject(body) ? body.evaluations : undefined;
      const one = items === undefined || (Array.isArray(items) && items.length === 0);
      const read = outcome(() => readEvaluations(body));
      const whole = evaluationsRequest.safeParse(body).success;
      if (!one || !whole) assert.equal("value" in read, whole, JSON.stringify(body));
      else assert.equal("value" in read, evaluationRequest.safeParse(body).success);
    }),
    { numRuns: 2_000 },
  );
});

test("what an item names replaces what the request names, whole; what it does not name is the request's", () => {
  fc.assert(
    fc.property(
      fc.record(parts, { requiredKeys: [] }),
      fc.array(fc.record(parts, { requiredKeys: [] }), { minLength: 1, maxLength: 3 }),
      (defaults, evaluations) => {
        const body = { ...defaults, evaluations } as unknown as Json;
        const read = outcome(() => readEvaluations(body));
        if ("fault" in read) return;
        const { items } = read.value as ReturnType<typeof readEvaluations> & { items: unknown[] };
        for (const [i, item] of evaluations.entries()) {
          const whole = evaluationRequest.safeParse({ ...defaults, ...item });
          if (whole.success) assert.deepEqual(items[i], whole.data);
          else assert.ok(items[i] instanceof Fault);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
