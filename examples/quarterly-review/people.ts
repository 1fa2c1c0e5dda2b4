/** The people: Alice, who wants a review; Marta, her manager; Otto, who administers. Each has a passkey. */
import type { JsonObject } from "@countersign/proof/jcs";
import { type Introduction, Person, withOneBitChanged } from "../authenticator/person.ts";
import { act } from "./actor.ts";

const people = new Map<string, Person>();
let issuer = "";

type Who<More = unknown> = { who: string } & More;

function person(who: string): Person {
  const known = people.get(who) ?? new Person(issuer);
  people.set(who, known);
  return known;
}

act({
  async goTo(where: { issuer: string }) {
    issuer = where.issuer;
  },
  becomeAdministrator: ({ who, link, ...introduction }: Who<Introduction & { link: string }>) =>
    person(who).becomeAdministrator(link, introduction),
  enrol: ({ who, link }: Who<{ link: string }>) => person(who).enrol(link),
  signIn: ({ who }: Who) => person(who).signIn(),
  signInWithOneBitChanged: ({ who }: Who) => person(who).signIn(withOneBitChanged),
  consent: ({ who, task }: Who<{ task: string }>) => person(who).consent(task),
  approve: ({ who, approval }: Who<{ approval: string }>) => person(who).answer(approval, "approve"),
  get: ({ who, path }: Who<{ path: string }>) => person(who).browser.get(path),
  send: ({ who, method, path, body }: Who<{ method: "POST" | "PUT"; path: string; body?: JsonObject }>) =>
    person(who).browser.send(method, path, body),
  sendYaml: ({ who, path, body }: Who<{ path: string; body: string }>) =>
    person(who).browser.sendYaml(path, body),
});
