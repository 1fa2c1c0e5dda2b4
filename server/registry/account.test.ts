import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { type Code, Fault, type PersonId } from "../lib/index.ts";
import {
  type AccountSaid,
  accountOrRefuse,
  addAccount,
  adoptAccount,
  decommissionAgent,
  listAccounts,
  registerPerson,
  retireAccount,
  updateAccount,
} from "./index.ts";
import {
  type ExampleRegistry,
  eventsOf,
  exampleAgent,
  exampleRegistry,
  personCaller,
} from "./test-registry.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

const ROLE: AccountSaid = {
  kind: "cloud-role",
  system: "aws",
  place: "123456789012",
  name: "arn:aws:iam::123456789012:role/ada.lovelace-reports",
  privilege: "write",
  sensitivity: "confidential",
  static: false,
  scope: "Billing exports",
};

forEachEngine((engine) => {
  let example: ExampleRegistry;
  let grace: PersonId;
  beforeEach(async () => {
    example = await exampleRegistry(engine);
    const said = { name: "Grace Hopper", email: "grace@example.com" };
    grace = (await registerPerson(example.deps, example.administrator, said)).id;
    await exampleAgent(example);
  });
  afterEach(() => example.close());

  const add = (more: Partial<AccountSaid> = {}) =>
    addAccount(example.deps, example.administrator, { ...ROLE, ...more });
  const mine = () => personCaller(example.owner);

  it("an account goes from found over owned and adopted to retired, once, and its agent's end gives it back", async () => {
    const { deps, administrator, owner } = example;
    const { id, state } = await add();
    assert.equal(state, "inventoried");
    const owned = await updateAccount(deps, administrator, { id, update: { owner, lastUsed: 5 } });
    assert.deepEqual(owned, await accountOrRefuse(deps, mine(), id));
    assert.deepEqual([owned.state, owned.lastUsed], ["owned", 5]);
    const adopted = await adoptAccount(deps, mine(), { id, agent: "reporter" });
    assert.deepEqual(adopted, await accountOrRefuse(deps, mine(), id));
    assert.deepEqual([adopted.state, adopted.adoptedBy], ["adopted", "reporter"]);
    await assert.rejects(
      updateAccount(deps, administrator, { id, update: { owner: null } }),
      refusal("conflict", /somebody must answer/),
    );
    await exampleAgent(example, { name: "helper" });
    await assert.rejects(adoptAccount(deps, mine(), { id, agent: "helper" }), refusal("conflict"));
    await decommissionAgent(deps, administrator, { name: "reporter" });
    assert.equal((await accountOrRefuse(deps, mine(), id)).state, "owned");
    await assert.rejects(adoptAccount(deps, mine(), { id, agent: "reporter" }), refusal("conflict"));
    assert.equal((await retireAccount(deps, administrator, { id })).state, "retired");
    await assert.rejects(retireAccount(deps, administrator, { id }), refusal("conflict"));
    await assert.rejects(adoptAccount(deps, mine(), { id, agent: "helper" }), refusal("conflict"));
    await assert.rejects(
      updateAccount(deps, administrator, { id, update: { static: true } }),
      refusal("conflict"),
    );
    const told = (await eventsOf(example))
      .map(({ type }) => type)
      .filter((type) => type.startsWith("account."));
    assert.deepEqual(told.sort(), [
      "account.adopted",
      "account.inventoried",
      "account.released",
      "account.retired",
      "account.updated",
    ]);
  });

  it("what names people or places stands in the log as a commitment only", async () => {
    await add({ owner: example.owner });
    const [told] = await eventsOf(example, "account.inventoried");
    const text = JSON.stringify(told);
    for (const hidden of ["lovelace", "123456789012", "Billing"]) assert.ok(!text.includes(hidden), hidden);
  });

  it("what does not fit is refused: unknown kinds, secrets, the same one twice, owners who are not there", async () => {
    await add();
    await assert.rejects(add({ privilege: "read" }), refusal("exists"));
    const wrong: Partial<AccountSaid>[] = [
      { kind: "god" as "api-key" },
      { privilege: "root" as "read" },
      { sensitivity: "secret" as "public" },
      { name: "ghp_16C7e42F292c6912E7710c838347Ae178B4a" },
      { name: "-----BEGIN" },
      { name: "two words" },
      { place: "x\u0000" },
      { system: "" },
      { owner: "person_00000000000000000000000000" as PersonId },
      { state: "retired" } as Partial<AccountSaid>,
    ];
    for (const more of wrong) await assert.rejects(add({ name: "other", ...more }), refusal("invalid"));
    await add({ name: "other" });
  });

  it("who says how dangerous it is does not answer for it; who answers for it may give it to her own agent only", async () => {
    const { deps, administrator, owner } = example;
    const { id } = await add({ owner });
    const update = { privilege: "read" } as const;
    await assert.rejects(updateAccount(deps, mine(), { id, update }), refusal("forbidden"));
    await assert.rejects(addAccount(deps, mine(), { ...ROLE, name: "mine" }), refusal("forbidden"));
    await assert.rejects(retireAccount(deps, mine(), { id }), refusal("forbidden"));
    await exampleAgent(example, { name: "foreign", owner: grace });
    await assert.rejects(adoptAccount(deps, mine(), { id, agent: "foreign" }), refusal("forbidden"));
    const adopting = adoptAccount(deps, personCaller(grace), { id, agent: "foreign" });
    await assert.rejects(adopting, refusal("not-found"));
    const orphan = await add({ name: "found" });
    await adoptAccount(deps, administrator, { id: orphan.id, agent: "foreign" });
    assert.equal((await accountOrRefuse(deps, administrator, orphan.id)).owner, grace);
  });

  it("lists go page by page, cut by owner, kind and state, and show to each what is hers to see", async () => {
    const { deps, administrator, owner } = example;
    const auditor = personCaller(grace, ["auditor"]);
    for (const name of ["a", "b", "c"]) await add({ name, owner });
    await add({ name: "d", kind: "ssh-key", owner: grace });
    await add({ name: "e", kind: "ssh-key" });
    const names = async (caller: typeof administrator, wanted = {}) =>
      (await listAccounts(deps, caller, { limit: 10, ...wanted })).items.map(({ name }) => name).sort();
    assert.deepEqual(await names(administrator), ["a", "b", "c", "d", "e"]);
    assert.deepEqual(await names(auditor, { kind: "ssh-key" }), ["d", "e"]);
    assert.deepEqual(await names(auditor, { state: "inventoried" }), ["e"]);
    assert.deepEqual(await names(auditor, { owner }), ["a", "b", "c"]);
    assert.deepEqual(await names(personCaller(grace)), ["d"]);
    assert.deepEqual(await names(personCaller(grace), { owner }), []);
    const first = await listAccounts(deps, mine(), { limit: 2 });
    const second = await listAccounts(deps, mine(), { limit: 2, after: first.next });
    assert.deepEqual([first.items.length, second.items.length, second.next], [2, 1, undefined]);
    await assert.rejects(
      accountOrRefuse(deps, personCaller(grace), first.items[0]?.id ?? ""),
      refusal("not-found"),
    );
  });
});
