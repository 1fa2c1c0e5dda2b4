import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { askApplication } from "./ask-application.ts";
import type { CompiledApplication } from "./compile-application.ts";
import { applicationOf, asks, ENTITIES } from "./fixture.ts";
import type { Search } from "./read-request.ts";
import { searchActions, searchEntities } from "./search-application.ts";

const ALL = { after: undefined, limit: 1_000 };

/** Conditions of many forms: with and without an index that helps, some that err. */
const CONDITIONS = [
  'principal has role && principal.role == "admin"',
  'principal has role && principal.role == "writer"',
  'principal has role && "admin" == principal.role',
  'principal.tags.contains("x")',
  'principal.tags.containsAny(["y"])',
  'principal in Group::"staff"',
  'principal in [Group::"editors", User::"dee"]',
  'principal == User::"cid"',
  'principal is User in Group::"editors"',
  "principal.level > 1",
  "principal.level == 2",
  "principal.level + 9223372036854775806 > 0",
  'principal has boss && principal.boss == User::"ann"',
  "resource.owner == principal",
  "principal == resource.owner",
  'resource.status == "draft"',
  'resource in Folder::"secret"',
  'resource == Document::"memo"',
  'resource.owner == User::"bob"',
  "resource.owner.level < 3",
  'resource.owner in Group::"staff"',
  "true",
];

const condition = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...CONDITIONS) },
  fc
    .tuple(fc.constantFrom(...CONDITIONS), fc.constantFrom("&&", "||"), fc.constantFrom(...CONDITIONS))
    .map(([one, operator, other]) => `(${one}) ${operator} (${other})`),
  fc.constantFrom(...CONDITIONS).map((one) => `!(${one})`),
);
const scope = fc.constantFrom(
  'principal, action in [Action::"read", Action::"edit"], resource',
  'principal, action == Action::"read", resource',
  'principal in Group::"staff", action in [Action::"read", Action::"edit"], resource',
  'principal == User::"bob", action == Action::"edit", resource',
  'principal, action == Action::"read", resource in Folder::"open"',
  'principal, action == Action::"edit", resource == Document::"plan"',
);
const policy = fc
  .tuple(fc.constantFrom("permit", "permit", "permit", "forbid"), scope, condition)
  .map(([effect, where, when]) => `${effect} (${where}) when { ${when} };`);

const idsOf = (type: string): string[] =>
  (ENTITIES as { uid: { type: string; id: string } }[])
    .flatMap(({ uid }) => (uid.type === type ? [uid.id] : []))
    .sort();
const PEOPLE = idsOf("User");
const DOCUMENTS = idsOf("Document");

const isAllowed = (files: CompiledApplication, words: string, more = {}): boolean =>
  askApplication(files, asks(words, more)).allowed;

describe("a search", () => {
  it("finds exactly those for whom the question would be answered yes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(policy, { minLength: 1, maxLength: 4 }),
        fc.constantFrom("read", "edit"),
        fc.constantFrom(...PEOPLE, "nobody"),
        fc.constantFrom(...DOCUMENTS, "nothing"),
        fc.constantFrom<object>({}, { resource: { status: "draft" } }, { subject: { role: "admin" } }),
        async (policies, does, who, what, said) => {
          const files = await applicationOf(policies).catch(() => undefined); // some can never be valid
          fc.pre(files !== undefined);
          const { subject, action, resource } = asks(`${who} ${does} ${what}`, said);
          const { properties: _, ...plainSubject } = subject as { properties?: object } & typeof subject;
          const onSubject = "resource" in said ? said : {};
          const subjects = await searchEntities(
            files,
            "subject",
            { subject: plainSubject, action, resource } as Search,
            ALL,
          );
          assert.deepEqual(
            subjects.ids,
            PEOPLE.filter((id) => isAllowed(files, `${id} ${does} ${what}`, onSubject)),
          );
          const onResource = "subject" in said ? said : {};
          const sought = { type: "document" };
          const found = await searchEntities(
            files,
            "resource",
            { subject, action, resource: sought } as Search,
            ALL,
          );
          assert.deepEqual(
            found.ids,
            DOCUMENTS.filter((id) => isAllowed(files, `${who} ${does} ${id}`, onResource)),
          );
          const actions = searchActions(files, { subject, resource } as Search, ALL);
          assert.deepEqual(
            actions.ids,
            ["edit", "publish", "read"].filter((name) => isAllowed(files, `${who} ${name} ${what}`, said)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it("asks only those whom what remains of the policies can mean, not everybody there is", async () => {
    const crowd = Array.from({ length: 2_000 }, (_, i) => ({
      uid: { type: "User", id: `user-${i}` },
      attrs: { level: i, tags: i === 7 ? ["x"] : [], role: i % 1_000 === 5 ? "admin" : "none" },
      parents: i % 500 === 3 ? [{ type: "Group", id: "editors" }] : [],
    }));
    const files = await applicationOf(
      [
        'permit (principal, action == Action::"read", resource) when { principal has role && principal.role == "admin" };',
        'permit (principal in Group::"editors", action == Action::"read", resource);',
        'permit (principal, action == Action::"read", resource) when { principal.tags.contains("x") };',
      ],
      { entities: [...ENTITIES, ...crowd] },
    );
    let asked = 0;
    const counting = {
      ...files,
      set: new Proxy(files.set, {
        get(set, name) {
          if (name !== "partial") return Reflect.get(set, name, set);
          return (...given: Parameters<typeof set.partial>) => {
            const residual = set.partial(...given);
            const decide: typeof residual.decide = (known) => {
              asked += 1;
              return residual.decide(known);
            };
            return { ...residual, decide };
          };
        },
      }),
    } as CompiledApplication;
    const { subject, action, resource } = asks("x read memo");
    const { ids } = await searchEntities(counting, "subject", { subject, action, resource } as Search, ALL);
    assert.deepEqual(
      ids,
      [
        "ann",
        "bob",
        "cid",
        "user-1005",
        "user-1503",
        "user-3",
        "user-5",
        "user-503",
        "user-7",
        "user-1003",
      ].sort(),
    );
    assert.ok(asked <= 12, `${asked} were asked`);
  });

  it("goes page by page through everybody, once", async () => {
    const files = await applicationOf(["permit (principal, action, resource);"]);
    const question = asks("x read memo") as Search;
    const found: string[] = [];
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await searchEntities(files, "subject", question, { after, limit: 2 });
      found.push(...page.ids);
      [after, more] = [page.ids.at(-1), page.more];
    }
    assert.deepEqual(found, PEOPLE);
  });
});
