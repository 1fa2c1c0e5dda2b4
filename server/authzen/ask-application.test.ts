import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { askApplication } from "./ask-application.ts";
import { applicationOf, asks, ENTITIES } from "./fixture.ts";

const why = (outcome: ReturnType<typeof askApplication>): string =>
  outcome.allowed ? "allowed" : (outcome.reasons[0]?.policy ?? "");

describe("an application's answer", () => {
  it("is no where no policy permits, and names the policy that forbids", async () => {
    const files = await applicationOf([
      'permit (principal in Group::"staff", action == Action::"read", resource);',
      '@id("no-secrets") @reason("Secret.") forbid (principal, action, resource in Folder::"secret") unless { principal.level > 2 };',
    ]);
    assert.equal(why(askApplication(files, asks("bob read memo"))), "allowed");
    assert.equal(why(askApplication(files, asks("dee read memo"))), "no-permit");
    assert.equal(why(askApplication(files, asks("bob edit memo"))), "no-permit");
    assert.deepEqual(askApplication(files, asks("bob read file")), {
      allowed: false,
      reasons: [{ policy: "no-secrets", reason: "Secret." }],
    });
    assert.equal(why(askApplication(files, asks("ann read file"))), "allowed");
  });

  it("is no where a forbid cannot be evaluated, while a permit that cannot is as if it were not there", async () => {
    const overflow = "principal.level + 9223372036854775807 > 0";
    const forbidding = await applicationOf([
      "permit (principal, action, resource);",
      `forbid (principal, action == Action::"edit", resource) when { ${overflow} };`,
    ]);
    assert.equal(why(askApplication(forbidding, asks("bob edit memo"))), "policy-errored");
    assert.equal(why(askApplication(forbidding, asks("bob read memo"))), "allowed");
    const permitting = await applicationOf([
      `permit (principal, action, resource) when { ${overflow} };`,
      'permit (principal, action == Action::"read", resource);',
    ]);
    assert.equal(why(askApplication(permitting, asks("bob edit memo"))), "no-permit");
    assert.equal(why(askApplication(permitting, asks("bob read memo"))), "allowed");
  });

  it("is no for types and actions that are not mapped, and for what an action does not apply to", async () => {
    const files = await applicationOf(["permit (principal, action, resource);"]);
    const asked = asks("ann read plan");
    const other = (type: string) => ({ ...asked, subject: { type, id: "ann" } });
    assert.equal(why(askApplication(files, other("employee"))), "allowed");
    assert.equal(why(askApplication(files, other("User"))), "unknown-subject-type");
    assert.equal(why(askApplication(files, other("__proto__"))), "unknown-subject-type");
    const folder = { type: "folder", id: "open" };
    assert.equal(why(askApplication(files, { ...asked, resource: folder })), "action-does-not-apply");
    assert.equal(
      why(askApplication(files, { ...asked, resource: { type: "drawer", id: "1" } })),
      "unknown-resource-type",
    );
    assert.equal(why(askApplication(files, { ...asked, action: { name: "constructor" } })), "unknown-action");
  });

  it("believes the properties that the mapping declares, in place of the directory's, and no others", async () => {
    const files = await applicationOf([
      'permit (principal, action, resource) when { principal has role && principal.role == "admin" };',
      'permit (principal, action == Action::"read", resource) when { resource.status == "final" };',
      'permit (principal, action == Action::"edit", resource) when { principal.tags.contains("z") };',
    ]);
    assert.equal(why(askApplication(files, asks("bob edit memo"))), "no-permit");
    assert.equal(
      why(askApplication(files, asks("bob edit memo", { subject: { role: "admin" } }))),
      "allowed",
    );
    assert.equal(
      why(askApplication(files, asks("ann edit memo", { subject: { role: "none" } }))),
      "no-permit",
    );
    const employee = { type: "employee", id: "bob", properties: { role: "admin" } };
    assert.equal(why(askApplication(files, { ...asks("bob edit memo"), subject: employee })), "no-permit");
    assert.equal(
      why(askApplication(files, asks("bob edit memo", { subject: { tags: ["z"] } }))),
      "no-permit",
    );
    assert.equal(
      why(askApplication(files, asks("dee read plan", { resource: { status: "final" } }))),
      "allowed",
    );
    assert.equal(
      why(askApplication(files, asks("dee read nowhere", { resource: { status: "final" } }))),
      "allowed",
    );
    assert.equal(why(askApplication(files, asks("dee read nowhere"))), "no-permit");
  });

  it("is no for a property or a context of another type than the schema's, and never an error", async () => {
    const files = await applicationOf(["permit (principal, action, resource);"]);
    for (const level of ["1", 1.5, null, true, [], {}, 2 ** 53])
      assert.equal(
        why(askApplication(files, asks("bob read memo", { subject: { level } }))),
        "properties-do-not-fit",
      );
    assert.equal(
      why(askApplication(files, asks("bob read memo", { resource: { price: "1.5" } }))),
      "allowed",
    );
    assert.equal(
      why(askApplication(files, asks("bob read memo", { resource: { price: "x" } }))),
      "properties-do-not-fit",
    );
    assert.equal(
      why(askApplication(files, asks("bob publish memo", { context: { urgent: 1 } }))),
      "context-does-not-fit",
    );
    assert.equal(
      why(askApplication(files, asks("bob publish memo", { action: { audience: 1 } }))),
      "context-does-not-fit",
    );
    assert.equal(why(askApplication(files, asks("bob publish memo", { context: { other: 1 } }))), "allowed");
  });

  it("sees declared context and declared properties of the action, and nothing else that is said", async () => {
    const files = await applicationOf([
      'permit (principal, action == Action::"publish", resource) when { context has urgent && context.urgent };',
      'permit (principal, action == Action::"publish", resource) when { context.action has audience && context.action.audience == "all" };',
    ]);
    assert.equal(why(askApplication(files, asks("bob publish memo"))), "no-permit");
    assert.equal(
      why(askApplication(files, asks("bob publish memo", { context: { urgent: true } }))),
      "allowed",
    );
    assert.equal(
      why(askApplication(files, asks("bob publish memo", { action: { audience: "all" } }))),
      "allowed",
    );
    const smuggled = { context: { action: { audience: "all" } } };
    assert.equal(why(askApplication(files, asks("bob publish memo", smuggled))), "no-permit");
  });

  it("names the obligations of every permit that decides", async () => {
    const files = await applicationOf([
      '@id("a") @reason("A.") @mask("salary") permit (principal, action, resource);',
      '@id("b") @reason("B.") @notify("owner") @log("full") permit (principal in Group::"staff", action, resource);',
    ]);
    const obliged = (words: string) => {
      const outcome = askApplication(files, asks(words));
      return outcome.allowed ? outcome.obligations.map(({ policy, kind }) => `${policy} ${kind}`).sort() : [];
    };
    assert.deepEqual(obliged("dee read memo"), ["a mask"]);
    assert.deepEqual(obliged("bob read memo"), ["a mask", "b log", "b notify"]);
  });

  it("does not depend on what is not declared: whatever else is said changes nothing", async () => {
    const files = await applicationOf([
      'permit (principal, action in [Action::"read", Action::"edit"], resource) when { principal has role && principal.role == "admin" || resource.owner == principal };',
    ]);
    const people = fc.constantFrom("ann", "bob", "cid", "dee", "nobody");
    const things = fc.constantFrom("plan", "memo", "file", "nothing");
    const noise = fc.dictionary(
      fc.oneof(fc.constantFrom("tags", "boss", "owner", "__proto__", "id", "type"), fc.string()),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const declared = new Set(["role", "level", "status", "price", "audience", "urgent"]);
    fc.assert(
      fc.property(people, fc.constantFrom("read", "edit"), things, noise, (who, does, what, said) => {
        const undeclared = Object.fromEntries(Object.entries(said).filter(([name]) => !declared.has(name)));
        const plain = askApplication(files, asks(`${who} ${does} ${what}`));
        const more = { subject: undeclared, action: undeclared, resource: undeclared, context: undeclared };
        assert.deepEqual(askApplication(files, asks(`${who} ${does} ${what}`, more)), plain);
      }),
    );
  });

  it("is the same for everybody under another name, when the directory and the question are renamed alike", async () => {
    const policies = [
      'permit (principal in Group::"editors", action == Action::"edit", resource) when { resource.owner == principal };',
      'permit (principal, action == Action::"read", resource in Folder::"open") when { principal.level >= 2 };',
    ];
    const renamed = JSON.parse(
      JSON.stringify(ENTITIES).replaceAll(/"User","id":"(\w+)"/g, '"User","id":"other $1"'),
    ) as object[];
    const [files, others] = [
      await applicationOf(policies),
      await applicationOf(policies, { entities: renamed }),
    ];
    for (const who of ["ann", "bob", "cid", "dee"]) {
      for (const what of ["read plan", "edit memo", "read file", "edit file"]) {
        const asked = asks(`${who} ${what}`);
        const other = { ...asked, subject: { ...asked.subject, id: `other ${who}` } };
        assert.deepEqual(askApplication(others, other), askApplication(files, asked));
      }
    }
  });
});
