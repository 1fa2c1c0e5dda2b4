import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EntityStore } from "../entity.ts";
import { worlds } from "../fuzz/worlds.ts";
import type { EntityUid, ExprJson } from "../policy-json.ts";
import { sameUid } from "../uid.ts";
import { ann, ask, bob, expression, plan, staff } from "./fuzz/ask.ts";
import { opened, uidsOf } from "./fuzz/open-world.ts";
import type { PartialRequest } from "./request.ts";
import { type Candidates, type Sought, searchFor } from "./search.ts";

const search = (text: string, request?: Partial<PartialRequest>) => searchFor(ask(text, request), "resource");
const permit = (condition: string) => `permit(principal, action, resource) when { ${condition} };`;

const is = { op: "is", type: "Doc" } as const;
const equal = (id: string) => ({ op: "==", entity: { type: "Doc", id } }) as const;
const within = (id: string) => ({ op: "in", entity: { type: "Doc", id } }) as const;

test("scopes and conditions that name entities are read as what to look up, exactly", () => {
  const exactly = (text: string, candidates: Candidates) => {
    assert.deepEqual(search(text), { candidates, exact: true }, text);
  };
  exactly(`permit(principal, action, resource == Doc::"a");`, equal("a"));
  exactly(`permit(principal, action, resource in Doc::"a");`, within("a"));
  exactly(`permit(principal, action, resource is Doc);`, is);
  exactly(`permit(principal, action, resource is Doc in Doc::"a");`, { op: "and", parts: [is, within("a")] });
  exactly(permit(`Doc::"a" == resource`), equal("a"));
  exactly(permit(`resource in [Doc::"a", Doc::"b"]`), { op: "or", parts: [within("a"), within("b")] });
  exactly(permit(`[Doc::"a", Doc::"b"].contains(resource)`), { op: "or", parts: [equal("a"), equal("b")] });
  exactly(permit(`principal.docs.contains(resource)`), equal("plan"));
  exactly(permit(`resource is Doc && resource in Doc::"a" || resource == Doc::"b"`), {
    op: "or",
    parts: [{ op: "and", parts: [is, within("a")] }, equal("b")],
  });
  exactly(
    `permit(principal, action, resource == Doc::"a"); permit(principal, action, resource in Doc::"b");`,
    {
      op: "or",
      parts: [equal("a"), within("b")],
    },
  );
});

test("a decision that is certain is all entities or none", () => {
  assert.deepEqual(search("permit(principal, action, resource);"), {
    candidates: { op: "all" },
    exact: true,
  });
  assert.deepEqual(search(""), { candidates: { op: "none" }, exact: true });
  assert.deepEqual(search("forbid(principal, action, resource is Doc);"), {
    candidates: { op: "none" },
    exact: true,
  });
});

test("what must be evaluated leaves the rest of the search standing, but not exact", () => {
  assert.deepEqual(search(permit(`resource in Doc::"a" && resource.open`)), {
    candidates: within("a"),
    exact: false,
  });
  assert.deepEqual(search(permit(`resource.open || resource in Doc::"a"`)), {
    candidates: { op: "all" },
    exact: false,
  });
  assert.deepEqual(search(permit(`!(resource == Doc::"a")`)), { candidates: { op: "all" }, exact: false });
  assert.deepEqual(search(permit(`resource == Doc::"a" && (resource.open || true)`)), {
    candidates: equal("a"),
    exact: false,
  });
  assert.deepEqual(
    search(permit(`if resource.open then resource == Doc::"a" else resource is Doc && false`)),
    {
      candidates: equal("a"),
      exact: false,
    },
  );
});

test("what is not sure to be left out stays a candidate", () => {
  const inexact = (condition: string, candidates: Candidates) => {
    assert.deepEqual(search(permit(condition)), { candidates, exact: false }, condition);
  };
  const choice = `(if resource.open then resource == Doc::"a" else resource == Doc::"b")`;
  inexact(choice, { op: "or", parts: [equal("a"), equal("b")] });
  inexact(`${choice} || true`, { op: "all" });
  inexact(`resource in [1, Doc::"a"]`, { op: "all" });
  inexact(`if resource is Doc then resource == Doc::"a" else resource == Doc::"b"`, {
    op: "or",
    parts: [{ op: "and", parts: [is, equal("a")] }, equal("b")],
  });
  const never = search(permit(`resource in Doc::"a" && resource.open && false`));
  assert.deepEqual(never.candidates, { op: "none" });
});

test("a forbid that may apply makes every candidate one to be evaluated", () => {
  const both = search(
    `permit(principal, action, resource in Doc::"a"); forbid(principal, action, resource == Doc::"b");`,
  );
  assert.deepEqual(both, { candidates: within("a"), exact: false });
  const certain = search(
    `permit(principal, action, resource); forbid(principal, action, resource == Doc::"b");`,
  );
  assert.deepEqual(certain, { candidates: { op: "all" }, exact: false });
});

test("another unknown than the one that is sought needs evaluation", () => {
  const request = { principal: { unknown: undefined } };
  for (const other of [`== User::"ann"`, `in User::"ann"`, "is User", `is User in User::"ann"`]) {
    assert.deepEqual(search(`permit(principal ${other}, action, resource in Doc::"a");`, request), {
      candidates: within("a"),
      exact: false,
    });
  }
});

test("a search over thousands of named entities costs no stack", () => {
  const named = expression(`resource == Doc::"a"`);
  const condition = new Array<ExprJson>(20_000)
    .fill(named)
    .reduce((left, right) => ({ "||": { left, right } }));
  const residual = ask("permit(principal, action, resource) when { resource.open };");
  const { candidates } = searchFor(
    { ...residual, residuals: [{ policy: "p", effect: "permit", condition }] },
    "resource",
  );
  assert.equal(candidates.op === "or" ? candidates.parts.length : 0, 20_000);
});

/** Whether an entity is among the candidates. */
function admits(candidates: Candidates, uid: EntityUid, store: EntityStore): boolean {
  switch (candidates.op) {
    case "all":
      return true;
    case "none":
      return false;
    case "==":
      return sameUid(candidates.entity, uid);
    case "in":
      return sameUid(candidates.entity, uid) || store.get(uid)?.ancestors.has(candidates.entity) === true;
    case "is":
      return candidates.type === uid.type;
    case "and":
      return candidates.parts.every((part) => admits(part, uid, store));
    case "or":
      return candidates.parts.some((part) => admits(part, uid, store));
  }
}

test("no entity outside the candidates is allowed, and if they are exact each of them is", () => {
  const law = fc.property(
    worlds(3),
    fc.constantFrom<Sought>("principal", "action", "resource"),
    (world, sought) => {
      const { set, store } = opened(world) ?? {};
      if (set === undefined || store === undefined) return;
      for (const request of world.requests) {
        const residual = set.partial({ ...request, [sought]: { unknown: undefined } }, store);
        const { candidates, exact } = searchFor(residual, sought);
        for (const uid of [...uidsOf(world), request[sought], ann, bob, plan, staff]) {
          const { decision } = residual.decide({ [sought]: uid });
          const admitted = admits(candidates, uid, store);
          if (decision === "allow") assert.ok(admitted);
          if (exact && admitted) assert.equal(decision, "allow");
        }
      }
    },
  );
  fc.assert(law, { numRuns: 250 });
});
