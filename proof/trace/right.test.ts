import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  agent,
  answered,
  called,
  consent,
  consentGiven,
  event,
  extended,
  given,
  grantFor,
  hour,
  instanceOf,
  issued,
  marta,
  receipt,
  refused,
  start,
  subDelegation,
  task,
} from "./events-fixture.ts";
import { actionsIn, changing, plus, replacing, rights, story, told, without } from "./fixture.ts";
import { buildTrace, type TraceEvent } from "./index.ts";

describe("instructed", () => {
  const lost: [string, TraceEvent[]][] = [
    ["without a consent", without("consent.given")],
    [
      "when the consent's grants were changed",
      replacing(
        "consent.given",
        consentGiven({ ...consent, grants: [...given, grantFor("billing/applyCredit")] }),
      ),
    ],
    ["when somebody else signed the consent", replacing("consent.given", consentGiven(consent, marta))],
    ["when the task was opened on another consent", changing("task.opened", { consent: "b3RoZXI" })],
    ["when the task was opened for another agent", changing("task.opened", { agent: "report-agent" })],
    [
      "when the first delegation outlasts the consent",
      changing("task.opened", { expires: start + 2 * hour }),
    ],
    [
      "when the task was opened twice",
      plus({ ...event(2, "task.opened", story[3]?.actor ?? fail(), {}, {}), id: "event_x" }),
    ],
    ["without the delegation in between", without("delegation.extended")],
    [
      "when a delegation gives more than it hangs on",
      replacing(
        "delegation.extended",
        subDelegation({ grants: [...given, grantFor("billing/applyCredit")] }),
      ),
    ],
    [
      "when a delegation was given by an agent that does not hold its parent",
      replacing("delegation.extended", subDelegation({ from: "report-agent" })),
    ],
    [
      "when a delegation outlasts its parent",
      replacing("delegation.extended", subDelegation({ expires: start + 2 * hour })),
    ],
    ["when a delegation claims another depth", replacing("delegation.extended", subDelegation({ depth: 3 }))],
    ["when a delegation is recorded twice", plus({ ...subDelegation(), id: "event_again" })],
    [
      "when another than its giver recorded a delegation",
      told((each) =>
        each.type === "delegation.extended"
          ? { ...each, actor: { ...each.actor, principal: "report-agent" } }
          : each,
      ),
    ],
    ["without the token", without("token.issued")],
    [
      "when the token is another agent's",
      told((each) =>
        each.type === "token.issued"
          ? { ...each, actor: { ...each.actor, principal: "report-agent" } }
          : each,
      ),
    ],
    [
      "when the token is another instance's",
      changing("token.issued", { client: instanceOf("report-agent") }),
    ],
    ["when the token rests on another delegation", changing("token.issued", { edge: "edge_root" })],
    [
      "when the token is for another resource",
      changing("token.issued", { audience: "https://elsewhere.example" }),
    ],
    ["when the token had expired", changing("token.issued", { expires: start / 1000 })],
    ["when the token was issued twice", plus({ ...issued(10, "jti_read", "costs/read"), id: "event_y" })],
    [
      "when the token had been revoked",
      plus(event(10.5, "token.revoked", refused(0, "", {}).actor, {}, { jti: "jti_read" })),
    ],
    [
      "when the delegation had been ended",
      plus(event(9, "delegation.ended", refused(0, "", {}).actor, {}, { edge: "edge_cost" })),
    ],
    [
      "when a delegation above had been ended",
      plus(event(9, "delegation.ended", refused(0, "", {}).actor, {}, { edge: "edge_root" })),
    ],
    ["when the task had ended", plus(event(9, "task.closed", refused(0, "", {}).actor, {}, {}))],
  ];
  for (const [when, events] of lost) {
    it(`is not what a call was ${when}`, () => {
      const action = actionsIn(buildTrace(events, task)).find(({ tool }) => tool === "costs/read");
      assert.equal(action?.right, "autonomous");
      assert.ok((action?.problems.length ?? 0) > 0);
    });
  }

  /** As the server records it where the company's sign-in vouched for her. */
  const vouched = (more: Partial<TraceEvent> = {}): TraceEvent => {
    const signed = consentGiven(consent);
    const { consent: object, hash } = signed.body as { consent: never; hash: string };
    const body = { kind: "company-sign-in", consent: object, hash, sign_in: { provider: "acme" } };
    return { ...signed, actor: agent("planning-agent"), body, ...more };
  };

  it("is what a call was where the company's sign-in vouched for the person, and no signature is claimed", () => {
    const trace = buildTrace(replacing("consent.given", vouched()), task);
    const [given] = trace.consents;
    assert.deepEqual([given?.person, given?.problems], ["person_alice", []]);
    assert.equal(given?.signature.state, "unchecked");
    assert.match(given?.signature.why ?? "", /no passkey signed/);
    assert.equal(actionsIn(trace)[0]?.right, "instructed");
  });

  it("is not what a call was where another agent brought the sign-in, or it was another person's", () => {
    for (const more of [
      { actor: agent("report-agent") },
      { actor: { ...agent("planning-agent"), kind: "service" as const } },
      { about: { task, agent: "planning-agent", person: "person_marta" } },
    ]) {
      const trace = buildTrace(replacing("consent.given", vouched(more as Partial<TraceEvent>)), task);
      assert.equal(actionsIn(trace)[0]?.right, "autonomous");
    }
  });

  it("is not what a call of a tool was that the delegation does not cover", () => {
    const [token, call] = [
      issued(13, "jti_credit", "billing/applyCredit"),
      called(14, "jti_credit", "billing/applyCredit"),
    ];
    assert.deepEqual(rights(plus(token, call)), ["instructed", "autonomous", "approved"]);
  });

  it("is not what a call was whose token is for another tool", () => {
    assert.deepEqual(rights(plus(called(14, "jti_read", "billing/applyCredit"))), [
      "instructed",
      "autonomous",
      "approved",
    ]);
  });

  it("does not spread to an agent that acts on another agent's delegation", () => {
    const call = { ...called(14, "jti_read", "costs/read"), about: { task, agent: "report-agent" } };
    assert.deepEqual(rights(plus(call)).sort(), ["approved", "autonomous", "instructed"]);
  });

  it("does not reach below a delegation that is not proven", () => {
    const wide = subDelegation({ grants: [grantFor("billing/applyCredit")] });
    const below = extended(4, {
      edge: "edge_report",
      parent: "edge_cost",
      from: "cost-analysis-agent",
      to: "report-agent",
      depth: 3,
      grants: [grantFor("billing/applyCredit")],
    });
    const trace = buildTrace([...replacing("delegation.extended", wide), below], task);
    assert.deepEqual(trace.root?.children[0]?.children[0]?.passed, "unproven");
  });

  it("rests on the record where a signature cannot be checked, and says that it was not", () => {
    const events = without("passkey.enrolled");
    assert.equal(buildTrace(events, task).consents[0]?.signature.state, "unchecked");
    assert.deepEqual(rights(events), ["instructed", "approved"]);
  });

  it("does not rest on a passkey that was enrolled twice, or later than it signed, or by another person", () => {
    const [mine] = story;
    assert.ok(mine !== undefined);
    const again = { ...mine, id: "event_again" };
    const late = { ...mine, at: start + 30_000 };
    const others = { ...mine, body: { ...(mine.body as object), person: "person_marta" } } as TraceEvent;
    for (const events of [plus(again), [late, ...story.slice(1)], [others, ...story.slice(1)]]) {
      assert.equal(buildTrace(events, task).consents[0]?.signature.state, "broken");
      assert.equal(rights(events)[0], "autonomous");
    }
  });
});

describe("approved", () => {
  const lost: [string, TraceEvent[]][] = [
    ["without the request", without("approval.requested")],
    ["without an answer", without("approval.answered")],
    ["when the request was for another tool", changing("approval.requested", { tool: "costs/read" })],
    ["when the request was for other arguments", changing("approval.requested", { arguments: "b3RoZXI" })],
    [
      "when the receipt was changed to be for this tool",
      replacing("approval.answered", answered({ ...receipt, forbids: [] })),
    ],
    [
      "when the receipt is for another tool",
      replacing("approval.answered", answered({ ...receipt, tool: "costs/read" })),
    ],
    [
      "when the receipt is for another request",
      replacing("approval.answered", answered({ ...receipt, request: "approval_2" })),
    ],
    [
      "when the receipt is for another task",
      replacing("approval.answered", answered({ ...receipt, task: "task_other" })),
    ],
    [
      "when the receipt is for another agent",
      replacing("approval.answered", answered({ ...receipt, agent: "report-agent" })),
    ],
    [
      "when the receipt says no and the event yes",
      replacing("approval.answered", answered({ ...receipt, decision: "deny" }, { decision: "approve" })),
    ],
    [
      "when the receipt had expired",
      replacing("approval.answered", answered({ ...receipt, expires_at: start + 1000 })),
    ],
    [
      "when another person brought the receipt",
      told((each) =>
        each.type === "approval.answered"
          ? { ...each, actor: { ...each.actor, principal: "person_alice" } }
          : each,
      ),
    ],
    [
      "when somebody said no",
      plus({ ...answered({ ...receipt, decision: "deny" }), id: "event_no", at: start + 31_000 }),
    ],
    [
      "when more people were needed",
      changing("approval.requested", { requirements: [receipt.requirement, "mfa"] }),
    ],
    ["when nobody was needed, by its own word", changing("approval.requested", { requirements: [] })],
    [
      "when the token was issued for another approval",
      told((each) =>
        each.id.startsWith("event_031")
          ? issued(31, "jti_publish", "reports/publish", { approval: "approval_2" })
          : each,
      ),
    ],
    ["when another token used the approval", changing("approval.spent", { jti: "jti_other" })],
    [
      "when the answer came after the call",
      told((each) => (each.type === "approval.answered" ? { ...each, at: start + 35_000 } : each)),
    ],
  ];
  for (const [when, events] of lost) {
    it(`is not what a call was ${when}`, () => {
      const action = actionsIn(buildTrace(events, task)).find(({ tool }) => tool === "reports/publish");
      assert.equal(action?.right, "instructed");
      assert.ok((action?.problems.length ?? 0) > 0);
    });
  }

  it("takes as many different people as the requirement says", () => {
    const two = "approval(2 of finance)";
    const asked = (each: TraceEvent): TraceEvent =>
      each.type === "approval.requested"
        ? ({ ...each, body: { ...(each.body as object), requirements: [two] } } as TraceEvent)
        : each;
    const signed = { ...receipt, requirement: two };
    const again = { ...answered(signed, { receipt_id: "receipt_2", assertion: undefined }), id: "event_two" };
    const otto = { ...again, actor: { ...again.actor, principal: "person_otto" } };
    const ottos = answered(
      { ...signed, person: "person_otto" },
      { receipt_id: "receipt_2", assertion: undefined },
    );
    const both = { approval: "approval_1", receipts: ["receipt_1", "receipt_2"] };
    const events = (second: TraceEvent): TraceEvent[] => [
      ...told((each) => {
        if (each.type === "approval.answered") return answered(signed, { assertion: undefined });
        if (each.id === "event_033_tool.called") return called(33, "jti_publish", "reports/publish", both);
        return asked(each);
      }),
      second,
    ];
    assert.deepEqual(rights(events(again)), ["instructed", "instructed"]);
    assert.deepEqual(rights(events({ ...otto, body: ottos.body })), ["instructed", "approved"]);
  });

  it("is only the first call under an approval", () => {
    const again = called(34, "jti_publish", "reports/publish", {
      approval: "approval_1",
      receipts: ["receipt_1"],
    });
    assert.deepEqual(rights(plus(again)), ["instructed", "approved", "instructed"]);
  });

  it("is not what a call was that names no receipt, or one that is not there", () => {
    for (const receipts of [[], ["receipt_9"], ["receipt_1", "receipt_9"]]) {
      const events = told((each) =>
        each.type === "tool.called" && each.id.startsWith("event_033")
          ? called(33, "jti_publish", "reports/publish", { approval: "approval_1", receipts })
          : each,
      );
      assert.deepEqual(rights(events), ["instructed", "instructed"]);
    }
  });

  it("stays so when the chain is not proven, with the doubt told beside it", () => {
    const [, action] = actionsIn(buildTrace(without("consent.given"), task));
    assert.deepEqual([action?.right, action?.problems], ["approved", ["the delegation is not proven"]]);
  });

  it("is told when the token service recorded a better right than these events show", () => {
    const [, action] = actionsIn(buildTrace(without("approval.answered"), task));
    assert.ok(action?.problems.includes("it was recorded as approved"));
  });
});

function fail(): never {
  throw new Error("the story has changed");
}
