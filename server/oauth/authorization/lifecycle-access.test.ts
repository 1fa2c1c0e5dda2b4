import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { putRequirement } from "../../attestation/index.ts";
import { forEachEngine } from "../../audit/test-databases.ts";
import { codeOf, fault } from "../../delegation/fixture.ts";
import { days, hours } from "../../lib/index.ts";
import { person } from "../../login/fixture.ts";
import {
  agentOrRefuse,
  decommissionAgent,
  departPerson,
  handOverAgent,
  restAgents,
  resumeAgent,
  suspendAgent,
  updateAgent,
} from "../../registry/index.ts";
import {
  anotherSession,
  type Bazaar,
  begin,
  CALLBACK,
  interactiveAgent,
  newClient,
  openBazaar,
  refreshAs,
  tokensFor,
} from "./fixture.ts";

const admin = ({ ada }: Bazaar) => ada.caller;

interface State {
  readonly reach: (room: Bazaar, name: string) => Promise<unknown>;
  /** Whether what a client got before is still good for the next token. */
  readonly refresh: boolean;
  /** Whether people may start it. */
  readonly start: boolean;
}

const STATES: Readonly<Record<string, State>> = {
  active: { reach: async () => {}, refresh: true, start: true },
  suspended: {
    reach: (room, name) => suspendAgent(room.deps, admin(room), { name }),
    refresh: false,
    start: false,
  },
  "changed, its model being another": {
    reach: (room, name) => updateAgent(room.deps, admin(room), { name, update: { model: "other-9" } }),
    refresh: false,
    start: true,
  },
  decommissioned: {
    reach: (room, name) => decommissionAgent(room.deps, admin(room), { name }),
    refresh: false,
    start: false,
  },
  "an orphan past its grace": {
    reach: async (room, name) => {
      const olga = await person(room.deps, admin(room), "Olga");
      await handOverAgent(room.deps, admin(room), { name, to: olga.id });
      const deps = { ...room.deps, lifecycle: { orphanGrace: hours(1) } };
      await departPerson(deps, admin(room), { id: olga.id });
      room.deps.clock.advance(hours(1));
    },
    refresh: false,
    start: false,
  },
  expired: {
    reach: async (room, name) => {
      const expires = room.deps.clock.now() + 1_000;
      await updateAgent(room.deps, admin(room), { name, update: { expires } });
      room.deps.clock.advance(1_000);
    },
    refresh: false,
    start: false,
  },
  dormant: {
    reach: async (room) => {
      room.deps.clock.advance(days(30));
      await restAgents({ ...room.deps, lifecycle: { dormantAfter: days(30) } });
    },
    refresh: false,
    start: false,
  },
};

forEachEngine((engine) => {
  if (engine.name !== "sqlite") return; // nothing of this depends on it
  let room: Bazaar;
  before(async () => {
    room = await openBazaar(engine);
    const names = Object.keys(STATES).keys();
    for (const place of names) await interactiveAgent(room, `client-${place}`, { redirect_uris: [CALLBACK] });
  });
  after(() => room.close());

  describe("what a client got before is worth the next token only while its agent is what it was", () => {
    for (const [place, [state, { reach, refresh, start }]] of Object.entries(STATES).entries())
      test(`it is ${state}: the next token ${refresh ? "comes" : "does not"}, people ${start ? "may" : "cannot"} start it`, async () => {
        const { deps } = room;
        const name = `client-${place}`;
        const client = newClient({ client_id: name });
        const { refresh: token } = await tokensFor(deps, await anotherSession(deps, room.pat), client);
        await reach(room, name);
        const next = refreshAs(deps, client, token);
        if (refresh) await next;
        else assert.match(await codeOf(next), /^(forbidden|gone|invalid-grant|invalid-client|denied)$/);
        const later = await anotherSession(deps, room.pat);
        const starting = begin(deps, later, client);
        if (start) await Promise.all([starting, tokensFor(deps, later, client)]);
        else assert.match(await codeOf(starting), /^(forbidden|invalid-request|not-found)$/);
      });
  });

  test("an agent of whom something is demanded that no client shows gets no copy from people", async () => {
    const { deps } = room;
    const name = "client-boxed";
    await interactiveAgent(room, name, { redirect_uris: [CALLBACK] });
    const tokens = async () =>
      tokensFor(deps, await anotherSession(deps, room.pat), newClient({ client_id: name }));
    await tokens();
    await putRequirement(deps, admin(room), {
      of: { kind: "agent", principal: name },
      artifacts: { images: { allow: [`sha256:${"d".repeat(64)}`] } },
    });
    const refused = await fault(tokens());
    assert.deepEqual([refused.code, refused.members.reason], ["forbidden", "image-required"]);
  });

  test("a dormant agent that people start is woken by an administrator, and what it held stays dead", async () => {
    const { deps } = room;
    const name = `client-${Object.keys(STATES).indexOf("dormant")}`;
    assert.equal((await agentOrRefuse(deps, name)).status, "dormant");
    assert.equal((await resumeAgent(deps, admin(room), { name })).status, "active");
    await begin(deps, await anotherSession(deps, room.pat), newClient({ client_id: name }));
  });
});
