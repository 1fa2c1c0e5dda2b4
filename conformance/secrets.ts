/** A whole session at the most talkative log level: no secret of it stands in a log, an event or a refusal. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { agentOf } from "@countersign/sdk";
import { Person } from "../examples/authenticator/person.ts";
import { type Administrator, becomeAdministrator } from "./administrator.ts";
import { overhear } from "./overheard.ts";
import { freshFolder, type Place } from "./place.ts";
import type { Suite } from "./report.ts";
import { freePort, type ServerProcess, startServer } from "./server-process.ts";
import { grantOf, LEDGER, startWorkloads, TOOL, type Workloads } from "./workloads.ts";

const INSTRUCTION = "Post the zebra invoice to the ledger before the weekend.";
const PURPOSE = "closing the zebra quarter";

export const secrets: Suite = async (report) => {
  const place = freshFolder();
  const overheard = overhear();
  try {
    const server = await startServer(place, { port: await freePort(), logLevel: "debug" });
    const administrator = await becomeAdministrator(place, server);
    const workloads = await startWorkloads(administrator, server.issuer);
    await report.case("a day's work: a guest, a task, a consent, a delegation, tokens, a call", () =>
      aDaysWork(server, administrator, workloads),
    );
    const all = [
      ...new Set([
        ...overheard.secrets,
        ...administrator.secrets,
        ...workloads.joinTokens,
        ...ownKeys(place),
        ...holderKeys(workloads),
      ]),
    ];
    await report.case("every secret that passed is offered again where it does not belong, and refused", () =>
      misuse(server, all),
    );
    report.note(`${all.length} secrets, ${overheard.refusals.length} refusals`);
    const events = JSON.stringify(await administrator.list("/audit/events"));
    await server.stop();
    await report.case("there were secrets and refusals to look at", () => {
      assert(all.length > 30 && overheard.refusals.length > 100 && events.length > 10_000);
    });
    await report.case("no secret stands in what the server says", () => requireAbsent(all, server.said()));
    await report.case("no secret stands in a refusal", () =>
      requireAbsent(all, overheard.refusals.join("\n")),
    );
    await report.case("no secret stands in an event", () => requireAbsent(all, events));
    await report.case("no word of the person's own stands in an event or in what the server says", () =>
      requireAbsent(
        [INSTRUCTION, PURPOSE, "zebra", "Otto Berg", "otto@acme.example"],
        events + server.said(),
      ),
    );
  } finally {
    overheard.stop();
    await place.remove();
  }
};

async function aDaysWork(
  server: ServerProcess,
  administrator: Administrator,
  { agent, service }: Workloads,
): Promise<void> {
  const { person, human } = administrator;
  await inviteGuest(server, administrator);
  await human.signIn();
  await administrator.put("/groups/posters", { grants: [grantOf()] });
  const changed = await administrator.ask("PATCH", `/people/${person}`, { groups: ["posters"] });
  assert.equal(changed.status, 200, String(changed.body));
  const { id } = await service.ask("POST", "/tasks", {
    person,
    instruction: INSTRUCTION,
    purpose: PURPOSE,
    agent: "posting-agent",
    grants: [grantOf()],
  });
  await human.consent(String(id));
  const acting = agentOf(agent);
  const { delegation } = await acting.delegationFor(String(id));
  const { token } = await acting.token({ delegation, resource: LEDGER });
  const { jti } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  await service.ask("POST", "/oauth/uses", { jti, tool: TOOL, args: { amount: 7 }, phase: "called" });
  await service.ask("POST", "/oauth/uses", { jti, tool: TOOL, args: { amount: 7 }, phase: "returned" });
}

async function inviteGuest({ issuer }: ServerProcess, administrator: Administrator): Promise<void> {
  const guest = { name: "Greta Guest", email: "greta@acme.example" };
  const { id } = await administrator.post<{ id: string }>("/people", guest);
  const { url } = await administrator.post<{ url: string }>(`/people/${id}/enrolment-link`);
  await new Person(issuer).enrol(url);
}

/** The same secret in every place where a careless server would repeat it. */
async function misuse({ issuer }: ServerProcess, all: readonly string[]): Promise<void> {
  const json = { "content-type": "application/json" };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  for (const secret of all) {
    const requests: [path: string, init: RequestInit][] = [
      [`/teams/${encodeURIComponent(secret)}`, {}],
      [`/people?after=${encodeURIComponent(secret)}`, {}],
      ["/nowhere", { headers: { authorization: `Bearer ${secret}` } }],
      ["/login/whoami", { headers: { authorization: `Bearer ${secret}` } }],
      ["/login/whoami", { headers: { authorization: `DPoP ${secret}`, dpop: secret } }],
      ["/login/terminal", { method: "POST", headers: json, body: JSON.stringify({ code: secret }) }],
      [
        "/login/terminal",
        { method: "POST", headers: json, body: JSON.stringify({ [secret.slice(0, 60)]: secret }) },
      ],
      [
        "/enrol",
        { method: "POST", headers: json, body: JSON.stringify({ token: secret, jwk: {}, proof: secret }) },
      ],
      ["/enrol", { method: "POST", headers: json, body: `{"token": "${secret}` }],
      [
        "/oauth/token",
        { method: "POST", headers: form, body: `grant_type=${secret}&client_assertion=${secret}` },
      ],
      [
        "/oauth/revoke",
        { method: "POST", headers: form, body: `token=${secret}&client_assertion=${secret}` },
      ],
      [
        "/oauth/introspect",
        { method: "POST", headers: form, body: `token=${secret}&client_assertion=${secret}` },
      ],
    ];
    for (const [path, init] of requests) {
      const { status } = await fetch(`${issuer}${path}`, init);
      assert(
        status >= 400 && status < 500,
        `${init.method ?? "GET"} ${path.slice(0, 30)} answered ${status}`,
      );
    }
  }
}

/** The private parts of the server's own keys. */
function ownKeys({ data }: Place): string[] {
  const folder = join(data, "keys");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const { jwk } = JSON.parse(readFileSync(join(folder, name), "utf8")) as {
        jwk: { d?: string; k?: string };
      };
      return jwk.d ?? jwk.k ?? [];
    });
}

const holderKeys = ({ agent, service }: Workloads): string[] =>
  [agent, service].flatMap(({ key }) => key.privateKey.export({ format: "jwk" }).d ?? []);

/** @throws Error naming the place, never the secret */
function requireAbsent(words: readonly string[], text: string): void {
  const found = words.findIndex((word) => text.includes(word));
  if (found === -1) return;
  const word = words[found] ?? "";
  const at = text.indexOf(word);
  throw new Error(
    `number ${found}, ${word.length} characters long, after: ${text.slice(Math.max(0, at - 200), at)}`,
  );
}
