import { readFile } from "node:fs/promises";
import type { Grant } from "@countersign/proof/grant";
import type { JsonObject } from "@countersign/proof/jcs";
import { type Actor, enter } from "./cast.ts";
import { refusalOf } from "./checks.ts";

/** A person, as the conductor holds her. */
export class Voice {
  readonly name: string;
  readonly #people: Actor;

  constructor(people: Actor, name: string) {
    this.#people = people;
    this.name = name;
  }

  tell<T = JsonObject>(verb: string, input: object = {}): Promise<T> {
    return this.#people.tell<T>(verb, { who: this.name, ...input });
  }

  get<T = JsonObject>(path: string): Promise<T> {
    return this.tell("get", { path });
  }

  post<T = JsonObject>(path: string, body: object = {}): Promise<T> {
    return this.tell("send", { method: "POST", path, body });
  }
}

/** Everybody and everything that the story is about. */
export interface Company {
  readonly issuer: string;
  readonly alice: Voice & { id: string };
  readonly marta: Voice;
  readonly otto: Voice;
  readonly portal: Actor;
  readonly resources: Actor;
  readonly planning: Actor;
  readonly inventory: Actor;
  readonly costs: Actor;
  readonly reports: Actor;
  /** Where the resource server listens: `http://localhost:…`. */
  readonly origin: string;
  /** A right to call one tool. Without `args` any arguments. */
  grant(tool: string, args?: Grant["args"]): Grant;
  /** The address of a tool. */
  at(tool: string): string;
  /** The audience of a server: what tokens for it are for. */
  audience(server: string): string;
  /** Sends everybody home. */
  leave(): Promise<void>;
}

const agents = ["planning-agent", "cloud-inventory-agent", "cost-analysis-agent", "report-agent"] as const;

/**
 * Opens the company: its processes, its administrator, its people, what its manifest declares, and for every
 * process the single-use token with which it enrols.
 */
export async function openCompany(issuer: string, firstLink: string): Promise<Company> {
  const people = enter("people");
  const [portal, resources] = [enter("portal"), enter("resource-server")];
  const [planning, inventory, costs, reports] = agents.map(enter) as [Actor, Actor, Actor, Actor];
  const everybody = [people, portal, resources, planning, inventory, costs, reports];
  const { origin } = await resources.tell<{ origin: string }>("listen");
  await people.tell("goTo", { issuer });
  const [alice, marta, otto] = [
    new Voice(people, "Alice"),
    new Voice(people, "Marta"),
    new Voice(people, "Otto"),
  ];

  await otto.tell("becomeAdministrator", { link: firstLink, name: "Otto Berg", email: "otto@acme.example" });
  const ids = await declare(otto, origin);
  await invite(otto, alice, ids.alice);
  await invite(otto, marta, ids.marta);
  await expectGuest(otto);
  const audience = (server: string): string => `${origin}/${server}`;
  await enrolService(otto, issuer, portal, []);
  await enrolService(otto, issuer, resources, ["cloud", "billing", "reports"].map(audience));
  for (const actor of [planning, inventory, costs, reports]) await enrolAgent(otto, issuer, actor);

  return {
    issuer,
    alice: Object.assign(alice, { id: ids.alice }),
    marta,
    otto,
    portal,
    resources,
    planning,
    inventory,
    costs,
    reports,
    origin,
    audience,
    at: (tool) => `${origin}/${tool}`,
    grant: (tool, args) => ({
      type: "agent_tool",
      locations: [audience(tool.split("/")[0] ?? "")],
      actions: ["tools/call"],
      identifier: tool,
      ...(args === undefined ? { open_args: true } : { args }),
    }),
    async leave() {
      await Promise.all(everybody.map((actor) => actor.leave()));
    },
  };
}

/**
 * Registers the people and applies the manifest, with the address at which the resources really are. Marta is
 * first, for the manifest names her; Alice comes after the group that she is in.
 */
async function declare(otto: Voice, origin: string): Promise<{ alice: string; marta: string }> {
  const register = (person: object) => otto.post<{ id: string }>("/people", person);
  const marta = await register({ name: "Marta Vogel", email: "marta@acme.example" });
  const manifest = await readFile(new URL("./manifest.yaml", import.meta.url), "utf8");
  const body = manifest.replaceAll("http://localhost:4700", origin);
  await otto.tell("sendYaml", { path: "/manifest/apply", body });
  const email = "alice@acme.example";
  const alice = await register({ name: "Alice Winter", email, groups: ["finance"], manager: marta.id });
  return { alice: alice.id, marta: marta.id };
}

/** Hands her a one-time link, with which she makes her passkey. */
async function invite(otto: Voice, person: Voice, id: string): Promise<void> {
  const { url } = await otto.post<{ url: string }>(`/people/${id}/enrolment-link`);
  await person.tell("enrol", { link: url });
}

/** Whoever watches the story can sign in as a guest afterwards, and look at everything. */
async function expectGuest(otto: Voice): Promise<void> {
  const guest = { name: "Guest", email: "guest@demo.example" };
  const { id } = await otto.post<{ id: string }>("/people", guest);
  await otto.tell("send", { method: "PUT", path: `/people/${id}/roles/administrator` });
}

async function enrolService(
  otto: Voice,
  issuer: string,
  actor: Actor,
  resources: readonly string[],
): Promise<void> {
  const { person } = await otto.get<{ person: { id: string } }>("/login/whoami");
  const said = { name: actor.name, owner: person.id, resources };
  const { id } = await otto.post<{ id: string }>("/services", said);
  const { token } = await otto.post<{ token: string }>("/join-tokens", { service: id });
  await actor.tell("enrol", { issuer, joinToken: token });
}

/** The process makes its key and enrols with a token that works once: a second time it is refused. */
async function enrolAgent(otto: Voice, issuer: string, actor: Actor): Promise<void> {
  const { token } = await otto.post<{ token: string }>("/join-tokens", { agent: actor.name });
  await actor.tell("enrol", { issuer, joinToken: token });
  await refusalOf("a join token used twice", actor.tell("enrol", { issuer, joinToken: token }), "Refused");
}
