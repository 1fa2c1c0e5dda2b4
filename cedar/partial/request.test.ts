import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadError } from "../error.ts";
import type { EntityUid } from "../policy-json.ts";
import { ann, ask, bob, plan } from "./fuzz/ask.ts";
import type { PartialRequest } from "./request.ts";

const permit = "permit(principal, action, resource) when { resource.open };";
const refuses = (request: Partial<PartialRequest>, path: string) =>
  assert.throws(
    () => ask(permit, request),
    (error) => error instanceof ReadError && error.path === path,
  );

test("a member cannot be both given and unknown", () => {
  refuses({ context: { a: 1 }, unknowns: ["context.a"] }, "context.a");
  refuses({ context: { a: { b: 1 } }, unknowns: ["context.a.b"] }, "context.a.b");
  refuses({ context: { a: { b: 1 } }, unknowns: ["context.a"] }, "context.a");
  refuses({ context: { a: 1 }, unknowns: ["context"] }, "context.a");
  refuses({ context: { a: 1 }, unknowns: [[]] }, "context.a");
});

test("nothing within a value that is no record can be unknown", () => {
  refuses({ context: { a: 1 }, unknowns: ["context.a.b"] }, "context.a.b");
  refuses({ context: { a: { __entity: ann } }, unknowns: [["a", "id"]] }, "context.a.id");
});

test("an unknown member is named with its variable, so that nothing else is taken for it", () => {
  for (const path of ["", "amount", "resource.open", "context.", "context..a", "contexts.a"]) {
    refuses({ unknowns: [path] }, path);
  }
});

test("an unknown entity has no id, and its type is the name of a type", () => {
  refuses({ resource: { unknown: "not a type" } }, "resource");
  refuses({ resource: { unknown: "" } }, "resource");
  refuses({ resource: { ...plan, unknown: "Doc" } as EntityUid }, "resource");
});

test("a residual is completed with what was unknown, all of it and nothing else", () => {
  const residual = ask(permit, {
    resource: { unknown: "Doc" },
    context: { a: 1, r: {} },
    unknowns: ["context.r.x"],
  });
  const refused = (known: Parameters<typeof residual.decide>[0], path: string) =>
    assert.throws(
      () => residual.decide(known),
      (error) => error instanceof ReadError && error.path === path,
    );
  refused({}, "resource");
  refused({ resource: ann }, "resource");
  refused({ resource: plan, principal: bob }, "principal");
  refused({ resource: plan, principal: ann }, "principal");
  refused({ resource: plan, context: { a: 1 } }, "context.a");
  refused({ resource: plan, context: { b: 1 } }, "context.b");
  refused({ resource: plan, context: { r: 1 } }, "context.r");
  refused({ resource: plan, context: { r: { y: 1 } } }, "context.r.y");
  assert.equal(residual.decide({ resource: plan, context: { r: { x: 1 } } }).decision, "allow");
});

test("the context that was given is not changed by completing", () => {
  const context = { args: { name: "x" } };
  const residual = ask("permit(principal, action, resource) when { context.args.n == 1 };", {
    resource: plan,
    context,
    unknowns: ["context.args.n"],
  });
  assert.equal(residual.decide({ context: { args: { n: 1 } } }).decision, "allow");
  assert.equal(residual.decide({ context: { args: {} } }).decision, "deny");
  assert.deepEqual(context, { args: { name: "x" } });
});

test("a whole context can be unknown", () => {
  const residual = ask("permit(principal, action, resource) when { context has a.b && context.a.b };", {
    resource: plan,
    unknowns: ["context"],
  });
  assert.equal(residual.decision, undefined);
  assert.equal(residual.decide({}).decision, "deny");
  assert.equal(residual.decide({ context: { a: { b: true } } }).decision, "allow");
});
