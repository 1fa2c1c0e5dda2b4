import { randomUUID } from "node:crypto";
import { request } from "node:https";
import { createDpopProof } from "@countersign/proof/dpop";
import { enrol, type Instance } from "@countersign/sdk";
import { becomeAdministrator } from "../../conformance/administrator.ts";
import { type Definition, todoApplication } from "../../conformance/authzen/applications.ts";
import type { Place } from "../../conformance/place.ts";
import { freePort, startServer } from "../../conformance/server-process.ts";
import { joinToken, proofsOf } from "../../conformance/workloads.ts";

/** The users of the todo application, and everything that they may be asked about. */
const USERS = [
  { id: "rick", email: "rick@the-citadel.com", roles: ["admin", "evil_genius"] },
  { id: "morty", email: "morty@the-citadel.com", roles: ["editor"] },
  { id: "summer", email: "summer@the-smiths.com", roles: ["editor"] },
  { id: "beth", email: "beth@the-smiths.com", roles: ["viewer"] },
  { id: "jerry", email: "jerry@the-smiths.com", roles: ["viewer"] },
];
const ACTIONS = ["can_read_todos", "can_create_todo", "can_update_todo", "can_delete_todo"];

/** Every user, every action, one's own todo and another's: a third of the answers is no. */
export const QUESTIONS: readonly object[] = USERS.flatMap(({ id, email }) =>
  ACTIONS.flatMap((name) =>
    [email, "somebody@else.com"].map((ownerID) => ({
      subject: { type: "user", id },
      action: { name },
      resource: { type: "todo", id: "7240d0db-8ff0-41ec-98b2-34a096273b92", properties: { ownerID } },
    })),
  ),
);

/** A service that asks, and how what it asks is recorded. */
export interface Service {
  readonly instance: Instance;
  readonly record: "batched" | "durable";
}

/** Fills a folder, by a server on plain HTTP: two services, each with the todo application and its own way of recording. */
export async function prepare(place: Place): Promise<Service[]> {
  const server = await startServer(place, { port: await freePort() });
  const administrator = await becomeAdministrator(place, server);
  const owner = administrator.person;
  const services: Service[] = [];
  for (const record of ["batched", "durable"] as const) {
    const named = { name: `${record}-service`, owner, resources: [] };
    const { id } = await administrator.post<{ id: string }>("/services", named);
    const token = await joinToken(administrator, { service: id });
    services.push({ record, instance: await enrol({ issuer: server.issuer, joinToken: token }) });
    const definition: Definition & object = todoApplication(USERS);
    await administrator.put(`/authzen/applications/${record}`, { ...definition, services: [id], record });
  }
  await server.stop();
  return services;
}

/** A request as it goes over the wire. */
export function requestOf(
  host: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): string {
  const text = JSON.stringify(body);
  const all = {
    host,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${text}`;
}

/** Requests that prove themselves by DPoP, each with a proof of its own. */
export async function withDpop(
  { instance }: Service,
  issuer: string,
  path: string,
  count: number,
): Promise<string[]> {
  const accessToken = await ownToken(instance, issuer);
  const { host } = new URL(issuer);
  const key = instance.key.privateKey;
  return Array.from({ length: count }, (_, i) => {
    const url = `${issuer}${path}`;
    const dpop = createDpopProof({
      key,
      accessToken,
      method: "POST",
      url,
      now: Date.now(),
      jti: randomUUID(),
    });
    const question = QUESTIONS[i % QUESTIONS.length] ?? {};
    return requestOf(host, path, question, { authorization: `DPoP ${accessToken}`, dpop });
  });
}

async function ownToken(instance: Instance, issuer: string): Promise<string> {
  const tokenEndpoint = `${issuer}/oauth/token`;
  const { assertion, dpop } = proofsOf({
    ...instance,
    issuer: { ...instance.issuer, id: issuer, tokenEndpoint },
  });
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
    resource: issuer,
  });
  const headers = { "content-type": "application/x-www-form-urlencoded", dpop };
  const answer = await new Promise<string>((resolve, reject) => {
    const sent = request(
      tokenEndpoint,
      { method: "POST", headers, rejectUnauthorized: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => resolve(text));
      },
    );
    sent.on("error", reject).end(form.toString());
  });
  return (JSON.parse(answer) as { access_token: string }).access_token;
}
