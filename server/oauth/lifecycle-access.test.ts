import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createDpopProof } from "@countersign/proof/dpop";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import {
  agent,
  begunTask,
  call,
  codeOf,
  LEDGER,
  passOn,
  quarters,
  type Running,
  request,
  run,
} from "../delegation/fixture.ts";
import { type Delegation, openTask } from "../delegation/index.ts";
import { days, Fault, minutes } from "../lib/index.ts";
import { issuer, person } from "../login/fixture.ts";
import {
  agentOrRefuse,
  attestAgain,
  decommissionAgent,
  departPerson,
  handOverAgent,
  registerAgent,
  restAgents,
  resumeAgent,
  suspendAgent,
  suspendOrphans,
  suspendPerson,
  updateAgent,
} from "../registry/index.ts";
import { block, unblock } from "../revocation/index.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { ask, claimsIn, exchange, openMarket, ownToken, requestTo } from "./fixture.ts";
import { introspect } from "./introspect.ts";
import { callTool } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;
type Deps = Opened["deps"];

const write = [call("reports/write", quarters("Q1", "Q2"))];
const ledger = {
  grant_type: "client_credentials",
  resource: LEDGER,
  authorization_details: JSON.stringify([call("ledger/read", { open_args: true })]),
};

/** An agent with everything that one can have, before its state changes. */
interface Subject {
  readonly name: string;
  readonly copy: Running;
  readonly edge: Delegation;
  readonly apiToken: string;
  readonly taskToken: string;
}

/** What an agent, or somebody for it, may try. All of them go through while it is active. */
const WAYS: Readonly<Record<string, (room: Opened, subject: Subject) => Promise<unknown>>> = {
  "a new process enrols": ({ deps }, { name }) => run(deps, { agent: name }),
  "its process asks for its own token": ({ deps }, { copy }) => ownToken(deps, copy),
  "it acts on its own authority": ({ deps }, { copy }) => ask(deps, copy, ledger),
  "it exchanges its delegation": ({ deps }, { copy, edge }) => exchange(deps, copy, edge.id, write),
  "it is delegated to": async (room, { name }) => {
    const { edge } = await begunTask(room.deps, room);
    return passOn(room.deps, room.planner, { edge: edge.id, to: name, grants: write });
  },
  "it delegates": ({ deps }, { copy, edge }) =>
    passOn(deps, copy, { edge: edge.id, to: "publisher", grants: write }),
  "a person opens a task for it": (room, { name }) =>
    openTask(room.deps, room.desk.caller, request(room, { agent: name })),
  "its token of before opens our API": ({ deps }, { copy, apiToken }) => {
    const url = `${issuer}/delegations`;
    const now = deps.clock.now();
    const proof = { key: copy.key, method: "GET", url, now, jti: randomUUID(), accessToken: apiToken };
    const headers = { authorization: `DPoP ${apiToken}`, dpop: createDpopProof(proof) };
    return authenticateToken(deps, requestTo("/delegations", headers, "GET"));
  },
  "its token of before is called active": async ({ deps, reports }, { taskToken }) => {
    const { answer } = await introspect(deps, reports.caller, { form: { token: taskToken } });
    if (!answer.active) throw new Fault("gone", "It is not active.");
  },
  "its token of before is used": ({ deps, reports }, { taskToken }) => {
    const { jti } = claimsIn({ access_token: taskToken });
    return callTool(deps, reports.caller, { jti, tool: "reports/write", args: { quarter: "Q1" } } as never);
  },
};
const EVERY = Object.keys(WAYS);
const ENROLS = "a new process enrols";
/** What somebody does about it, who is not the copy of before. */
const ANEW = [ENROLS, "it is delegated to", "a person opens a task for it"];
/** What was issued before a suspension stays dead; what is issued anew does not. */
const OF_BEFORE = EVERY.filter((way) => way.startsWith("its token of before"));
/** What was delegated to it before a suspension stays dead as well. */
const ON_DELEGATION = ["it exchanges its delegation", "it delegates"];

interface State {
  readonly reach: (room: Opened, subject: Subject) => Promise<unknown>;
  /** Nothing else is. */
  readonly allowed: readonly string[];
}

const admin = ({ ada }: Opened) => ada.caller;
const update = (room: Opened, name: string, said: object) =>
  updateAgent(room.deps, admin(room), { name, update: said });
const orphan = async (room: Opened, { name }: Subject) => {
  const olga = await person(room.deps, admin(room), `Olga-${name}`);
  await handOverAgent(room.deps, admin(room), { name, to: olga.id });
  await departPerson(withGrace(room.deps), admin(room), { id: olga.id });
};
const withGrace = (deps: Deps) => ({
  ...deps,
  lifecycle: { orphanGrace: minutes(1), dormantAfter: days(30) },
});

const STATES: Readonly<Record<string, State>> = {
  active: { reach: async () => {}, allowed: EVERY },
  suspended: { reach: (room, { name }) => suspendAgent(room.deps, admin(room), { name }), allowed: [] },
  "resumed after a suspension": {
    reach: async (room, { name }) => {
      await suspendAgent(room.deps, admin(room), { name });
      await resumeAgent(room.deps, admin(room), { name });
    },
    allowed: EVERY.filter((way) => !OF_BEFORE.includes(way) && !ON_DELEGATION.includes(way)),
  },
  "unattested, its model being another": {
    reach: (room, { name }) => update(room, name, { model: "other-9" }),
    allowed: [ENROLS],
  },
  "unattested, by another room": {
    reach: ({ deps, ada }, { name }) =>
      perform(deps, ada.caller, "test.change", async (change) =>
        attestAgain(deps, change, ada.caller, await agentOrRefuse(deps, name), "image changed"),
      ),
    allowed: [ENROLS],
  },
  "attested again": {
    reach: async (room, { name }) => {
      await update(room, name, { version: "2.0" });
      await run(room.deps, { agent: name });
    },
    allowed: ANEW,
  },
  "resumed before it attested": {
    reach: async (room, { name }) => {
      await suspendAgent(room.deps, admin(room), { name });
      await update(room, name, { version: "2.0" });
      await resumeAgent(room.deps, admin(room), { name });
    },
    allowed: [ENROLS],
  },
  "given less": {
    reach: (room, { name }) =>
      update(room, name, { grants: [...write, call("ledger/read", { open_args: true })] }),
    allowed: EVERY.filter((way) => !OF_BEFORE.includes(way) && way !== "a person opens a task for it"),
  },
  expired: {
    reach: async (room, { name }) => {
      await update(room, name, { expires: room.deps.clock.now() + 1_000 });
      room.deps.clock.advance(1_000);
    },
    allowed: [],
  },
  "an orphan in its grace": {
    reach: orphan,
    allowed: EVERY.filter((way) => way !== ENROLS),
  },
  "an orphan past its grace, before anybody has looked": {
    reach: async (room, subject) => {
      await orphan(room, subject);
      room.deps.clock.advance(minutes(1));
    },
    allowed: ["its token of before opens our API"],
  },
  "an orphan past its grace": {
    reach: async (room, subject) => {
      await orphan(room, subject);
      room.deps.clock.advance(minutes(1));
      await suspendOrphans(room.deps);
    },
    allowed: [],
  },
  "of a blocked class": {
    reach: async (room, { name }) => {
      await update(room, name, { class: "research" });
      await perform(room.deps, admin(room), "test.block", (change) =>
        block(room.deps, change, admin(room), "class:research"),
      );
    },
    allowed: [],
  },
  "with an owner who is suspended": {
    reach: async (room, { name }) => {
      const olga = await person(room.deps, admin(room), "Olga-Suspended");
      await handOverAgent(room.deps, admin(room), { name, to: olga.id });
      await suspendPerson(room.deps, admin(room), { id: olga.id });
    },
    allowed: EVERY.filter((way) => way !== ENROLS),
  },
  decommissioned: {
    reach: (room, { name }) => decommissionAgent(room.deps, admin(room), { name }),
    allowed: [],
  },
  // The last one: the clock goes on by a month.
  dormant: {
    reach: async (room) => {
      room.deps.clock.advance(days(30));
      await restAgents(withGrace(room.deps));
    },
    allowed: [ENROLS],
  },
};

forEachEngine((engine) => {
  if (engine.name !== "sqlite") return; // nothing of this depends on it, and it is long
  let room: Opened;
  const subjects = new Map<string, Running>();
  before(async () => {
    room = await openMarket(engine);
    const { deps, ada } = room;
    for (const [place, state] of Object.keys(STATES).entries())
      subjects.set(state, await agent(deps, ada, `agent-${place}`, ["publisher"]));
    const names = [...subjects.values()].map(({ instance }) => instance.principal);
    const delegate_to = ["writer", "publisher", ...names];
    const update = { delegation: { max_depth: 4, delegate_to, shared: true as const } };
    await updateAgent(deps, ada.caller, { name: "planner", update });
  });
  after(() => room.close());

  async function prepared(state: string): Promise<Subject> {
    const { deps, planner } = room;
    const copy = subjects.get(state) ?? assert.fail(state);
    const name = copy.instance.principal;
    const { edge: root } = await begunTask(deps, room);
    const edge = await passOn(deps, planner, { edge: root.id, to: name, grants: write });
    const { access_token: taskToken } = await exchange(deps, copy, edge.id, write);
    return { name, copy, edge, apiToken: await ownToken(deps, copy), taskToken };
  }

  test("an agent that is registered and nothing else may only enrol", async () => {
    const { deps, ada } = room;
    const facts = { class: "reporting", purpose: "waits", environment: "production", owner: ada.id } as const;
    await registerAgent(deps, ada.caller, { ...facts, name: "agent-new", grants: write });
    const task = openTask(deps, room.desk.caller, request(room, { agent: "agent-new", grants: write }));
    assert.equal(await codeOf(task), "forbidden");
    const { edge } = await begunTask(deps, room);
    const given = passOn(deps, room.planner, { edge: edge.id, to: "agent-new", grants: write });
    assert.equal(await codeOf(given), "forbidden");
    await run(deps, { agent: "agent-new" });
    await openTask(deps, room.desk.caller, request(room, { agent: "agent-new", grants: write }));
  });

  describe("an agent may do exactly what its state allows, and each refusal is a clear one", () => {
    for (const [state, { reach, allowed }] of Object.entries(STATES))
      test(`it is ${state}`, async () => {
        const subject = await prepared(state);
        await reach(room, subject);
        const through: string[] = [];
        // Enrolling comes last: it brings some of them back.
        for (const way of [...EVERY.filter((each) => each !== ENROLS), ENROLS]) {
          const outcome = await WAYS[way]?.(room, subject).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (outcome === undefined) through.push(way);
          else
            assert.ok(
              outcome instanceof Fault && !["failed", "busy"].includes(outcome.code),
              `${way}: ${outcome}`,
            );
        }
        assert.deepEqual(through.sort(), [...allowed].sort());
        if (state === "of a blocked class")
          await perform(room.deps, admin(room), "test.unblock", (change) =>
            unblock(room.deps, change, "class:research"),
          );
      });
  });
});
