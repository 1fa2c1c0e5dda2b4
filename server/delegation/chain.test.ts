import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Grant } from "@countersign/proof/grant";
import { covers } from "@countersign/proof/grant";
import fc from "fast-check";
import { Fault, type Id, type PersonId } from "../lib/index.ts";
import { buildChain, chainHash, coveredBy, coveredByGrants, expiryOf, type Link } from "./chain.ts";
import type { Delegation } from "./delegation.ts";
import { mayDelegateTo } from "./passed-on.ts";
import type { Task } from "./task.ts";

const NOW = 1_000_000;
const person = "person_pat" as PersonId;

const task: Task = {
  id: "task_1",
  person,
  startedBy: { kind: "person", principal: person },
  agent: "planner",
  instruction: "hash",
  instructionKept: "kept",
  purpose: "report",
  purposeCommitment: "hash",
  grants: [],
  maxDepth: 4,
  state: "active",
  nonce: "nonce",
  openedAt: NOW - 10,
  expires: NOW + 500,
  deadline: NOW + 1000,
  consent: "consent-hash",
  breakGlass: false,
};

const grant = (values: string[], max_uses?: number): Grant => ({
  type: "agent_tool",
  locations: ["https://reports.example"],
  actions: ["tools/call"],
  identifier: "reports/write",
  args: { quarter: { op: "in", values } },
  ...(max_uses === undefined ? {} : { max_uses }),
});

const edge = (depth: number, from: string, to: string, more: Partial<Delegation> = {}): Delegation => ({
  id: `edge_${depth}`,
  task: "task_1",
  ...(depth === 1 ? {} : { parent: `edge_${depth - 1}` as Id<"edge"> }),
  path: Array.from({ length: depth }, (_, i) => `edge_${i + 1}` as const),
  from: from as Delegation["from"],
  to,
  grants: [grant(["Q1", "Q2"])],
  depth,
  expires: NOW + 500,
  madeAt: NOW - 5,
  ...more,
});

const edges = [edge(1, person, "planner"), edge(2, "planner", "writer"), edge(3, "writer", "publisher")];
const refused = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

describe("a chain", () => {
  test("joins the edges from the person to the one who acts", () => {
    const chain = buildChain(task, edges, NOW);
    assert.deepEqual(
      chain.links.map(({ to }) => to),
      ["planner", "writer", "publisher"],
    );
    assert.equal(chain.consent, "consent-hash");
    assert.equal(chain.hash, chainHash(chain.links));
  });

  const breaks: [string, Delegation[]][] = [
    ["without its root", edges.slice(1)],
    ["with a link left out", [edges[0], edges[2]] as Delegation[]],
    ["in another order", [edges[1], edges[0], edges[2]] as Delegation[]],
    ["without any edge", []],
    ["whose root another person gave", [edge(1, "person_eve", "planner"), ...edges.slice(1)]],
    ["whose root an agent gave", [edge(1, "planner", "planner"), ...edges.slice(1)]],
    [
      "with an edge of another task",
      [...edges.slice(0, 2), edge(3, "writer", "publisher", { task: "task_2" })],
    ],
    [
      "with an edge that hangs elsewhere",
      [...edges.slice(0, 2), edge(3, "writer", "publisher", { parent: "edge_1" })],
    ],
    ["with an edge given by somebody else", [...edges.slice(0, 2), edge(3, "planner", "publisher")]],
    ["in which an agent stands twice", [...edges.slice(0, 2), edge(3, "writer", "planner")]],
  ];
  for (const [what, broken] of breaks) {
    test(`${what} is refused`, () => assert.throws(() => buildChain(task, broken, NOW), refused("denied")));
  }

  test("is dead with any edge ended or expired, to the millisecond", () => {
    for (const index of [0, 1, 2]) {
      const at = (more: Partial<Delegation>) =>
        edges.map((each, i) => (i === index ? { ...each, ...more } : each));
      assert.throws(() => buildChain(task, at({ endedAt: NOW }), NOW), refused("gone"));
      assert.throws(() => buildChain(task, at({ expires: NOW }), NOW), refused("gone"));
      buildChain(task, at({ expires: NOW + 1 }), NOW);
    }
  });

  test("is dead with its task, whatever has been written down of that", () => {
    for (const state of ["closed", "expired", "refused"] as const) {
      assert.throws(() => buildChain({ ...task, state }, edges, NOW), refused("gone"));
    }
    assert.throws(() => buildChain({ ...task, state: "awaiting-consent" }, edges, NOW), refused("conflict"));
    assert.throws(() => buildChain({ ...task, deadline: NOW }, edges, NOW), refused("gone"));
  });

  test("ends with the first of its links, or with its task", () => {
    const short = [edges[0], { ...edges[1], expires: NOW + 7 }, edges[2]] as Delegation[];
    assert.equal(expiryOf(buildChain(task, short, NOW)), NOW + 7);
    assert.equal(expiryOf(buildChain({ ...task, deadline: NOW + 3 }, short, NOW)), NOW + 3);
  });

  test("has another name as soon as anything in it differs", () => {
    const [first, ...rest] = buildChain(task, edges, NOW).links;
    const other: Link[] = [{ ...first, grants: [grant(["Q1"])] }, ...rest];
    assert.notEqual(chainHash(other), chainHash([first, ...rest]));
  });
});

describe("coverage", () => {
  const values = fc.subarray(["Q1", "Q2", "Q3", "Q4"], { minLength: 1 });
  const grants = fc.array(
    values.map((chosen) => grant(chosen)),
    { minLength: 1, maxLength: 3 },
  );
  const links = fc.array(grants, { minLength: 1, maxLength: 4 }).map((held) => ({
    links: held.map((each, i) => ({ grants: each, edge: `edge_${i}` })) as unknown as [Link, ...Link[]],
  }));

  test("by a chain is coverage by every single link of it", () => {
    fc.assert(
      fc.property(links, grants, (chain, asked) => {
        const each = chain.links.map((link) => coveredByGrants(link.grants, asked).covered);
        assert.equal(coveredBy(chain, asked).covered, each.every(Boolean));
      }),
    );
  });

  test("never comes from the union of two grants", () => {
    const held = [grant(["Q1"]), grant(["Q2"])];
    assert.equal(coveredByGrants(held, [grant(["Q1", "Q2"])]).covered, false);
  });

  test("is never widened by one more link", () => {
    fc.assert(
      fc.property(links, grants, grants, (chain, more, asked) => {
        const longer = { links: [...chain.links, { grants: more }] as unknown as [Link, ...Link[]] };
        if (coveredBy(longer, asked).covered) assert.ok(coveredBy(chain, asked).covered);
      }),
    );
  });

  test("says what is missing, once for each grant", () => {
    const { missing } = coveredBy(
      { links: [{ grants: [grant(["Q1"])] }, { grants: [grant(["Q2"])] }] as never },
      [grant(["Q3"])],
    );
    assert.equal(missing.length, 1);
    assert.match(missing[0] ?? "", /reports\/write/);
    assert.ok(!covers(grant(["Q1"]), grant(["Q3"])));
  });
});

test("a name that an agent took for one of its own is not trusted by records that name it", () => {
  const from = (...delegate_to: string[]) => ({
    name: "writer",
    delegation: { max_depth: 4, grants: [], delegate_to, needs_person: [] },
  });
  const taken = { name: "planner-review", parent: "planner" };
  assert.ok(mayDelegateTo(from("planner-review"), { name: "planner-review" }));
  assert.ok(!mayDelegateTo(from("planner-review"), taken));
  assert.ok(!mayDelegateTo(from("planner"), taken));
  assert.ok(mayDelegateTo(from("planner-review", "planner"), taken));
  assert.ok(mayDelegateTo({ ...from(), name: "planner" }, taken));
});
