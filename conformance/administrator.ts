import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Person } from "../examples/authenticator/person.ts";
import { eventually } from "./chance.ts";
import type { Place } from "./place.ts";
import { type Address, jsonOf, send, type WireAnswer } from "./wire.ts";

/** Somebody with a session: sends requests in her name. */
export interface Session {
  readonly person: string;
  /** To be sent as `Authorization: Session <token>`. */
  readonly token: string;
  ask(method: string, path: string, body?: unknown): Promise<WireAnswer>;
  /** The same session at another server beside this one. */
  at(server: Address): Session;
  /** @throws Error unless the answer is a success */
  get<T>(path: string): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** All items of a list, page by page. */
  list<T>(path: string): Promise<T[]>;
}

export interface Administrator extends Session {
  /** The secrets that she has used so far: none may stand in a log. */
  readonly secrets: readonly string[];
  /** Herself, at her browser. */
  readonly human: Person;
}

/** Opens the first administrator's link of a server that has just been started for the first time. */
export async function becomeAdministrator(place: Place, server: Address): Promise<Administrator> {
  const link = await eventually(5_000, async () => linkIn(place));
  const otto = new Person(server.issuer);
  const { person } = await otto.becomeAdministrator(link, { name: "Otto Berg", email: "otto@acme.example" });
  const { session, code } = await terminalOf(otto, server);
  return {
    ...sessionOf(server, String(person), session),
    human: otto,
    secrets: [new URL(link).hash.replace(/^#first=/, ""), code, session],
  };
}

/** It is written as soon as the server listens, so a moment after it first answers. */
function linkIn({ data }: Place): string {
  const text = readFileSync(join(data, "first-administrator-link"), "utf8");
  if (text.endsWith("\n")) return text.trim();
  throw new Error("the link is being written");
}

/** Registers a person without any role, who makes her passkey. */
export async function invite(administrator: Session, server: Address, name: string): Promise<Session> {
  const email = `${name.toLowerCase()}@acme.example`;
  const { id } = await administrator.post<{ id: string }>("/people", { name, email });
  const { url } = await administrator.post<{ url: string }>(`/people/${id}/enrolment-link`);
  const person = new Person(server.issuer);
  await person.enrol(url);
  return sessionOf(server, id, (await terminalOf(person, server)).session);
}

async function terminalOf(person: Person, server: Address): Promise<{ session: string; code: string }> {
  const { code } = await person.browser.send("POST", "/login/terminal-code");
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ code });
  const answer = await send(server, { method: "POST", path: "/login/terminal", headers, body });
  return { session: jsonOf<{ session: string }>(answer).session, code: String(code) };
}

function sessionOf(server: Address, person: string, token: string): Session {
  const ask: Session["ask"] = (method, path, body) =>
    send(server, {
      method,
      path,
      headers: {
        authorization: `Session ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const succeed = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await ask(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body}`);
    return (answer.body.length === 0 ? undefined : jsonOf(answer)) as T;
  };
  const get = <T>(path: string): Promise<T> => succeed("GET", path);
  return {
    person,
    token,
    ask,
    at: (other) => sessionOf(other, person, token),
    get,
    put: (path, body) => succeed("PUT", path, body),
    post: (path, body) => succeed("POST", path, body),
    list: (path) => everyPage(get, path),
  };
}

async function everyPage<T>(get: Session["get"], path: string): Promise<T[]> {
  const all: T[] = [];
  const [place, query] = path.split("?");
  const parameters = new URLSearchParams(query);
  parameters.set("limit", "200");
  for (;;) {
    const page: { items: T[]; next?: string } = await get(`${place}?${parameters}`);
    all.push(...page.items);
    if (page.next === undefined) return all;
    parameters.set("after", page.next);
  }
}
