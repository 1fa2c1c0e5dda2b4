import type { Constraint, Grant } from "../../grant/index.ts";
import type { Json } from "../../jcs/index.ts";
import { payment, upTo } from "../fixture.ts";
import { type Case, refused } from "./case.ts";
import { forgeNext, root, then } from "./forge.ts";

/** Cases about every way in which a grant can be wider than the one before. */

/** A child that asks for this, behind a root that gives that. */
const asks = (child: Json[], parent: Grant[] = [payment]) =>
  forgeNext(root({ authorization_details: parent }), { authorization_details: child });
const json = (grant: Grant) => grant as unknown as Json;
const arg = (name: string, constraint: Constraint): Grant => ({
  ...payment,
  args: { ...payment.args, [name]: constraint },
});
const only = (constraint: Constraint): Grant => ({ ...payment, args: { x: constraint } });
const widens = (name: string, child: Constraint, parent: Constraint): Case =>
  refused(name, ["widened", 1], asks([json(only(child))], [only(parent)]));

export function refusedGrants(): Case[] {
  return [...grants(), ...constraints()];
}

function grants(): Case[] {
  const { dept: _, ...noDept } = payment.args ?? {};
  const left: Grant = { ...payment, args: { x: { op: "in", values: ["a", "b"] } } };
  const right: Grant = { ...payment, args: { x: { op: "in", values: ["c", "d"] } } };
  const bounded: Grant = { ...payment, max_uses: 3, approval: "required", acr: "urn:acr:mfa" };
  return [
    refused("no grants", ["malformed", 1], asks([])),
    refused(
      "one grant for the union of two",
      ["widened", 1],
      asks([json({ ...payment, args: { x: { op: "in", values: ["a", "c"] } } })], [left, right]),
    ),
    refused(
      "an argument that is not named any more",
      ["widened", 1],
      asks([json({ ...payment, args: noDept })]),
    ),
    refused(
      "an argument that the parent does not name",
      ["widened", 1],
      asks([json(arg("memo", { op: "any" }))]),
    ),
    refused(
      "an argument that may be missing",
      ["widened", 1],
      asks([json(arg("dept", { op: "in", values: ["41"], optional: true }))]),
    ),
    refused("arguments opened", ["widened", 1], asks([json({ ...payment, open_args: true })])),
    refused("another tool", ["widened", 1], asks([json({ ...payment, identifier: "pay_invoice_all" })])),
    refused("another kind of grant", ["widened", 1], asks([json({ ...payment, type: "http" })])),
    refused(
      "another action",
      ["widened", 1],
      asks([json({ ...payment, actions: ["tools/call", "tools/list"] })]),
    ),
    refused("more uses", ["widened", 1], asks([json({ ...bounded, max_uses: 4 })], [bounded])),
    refused("uses no longer counted", ["widened", 1], asks([json(without(bounded, "max_uses"))], [bounded])),
    refused("no approval any more", ["widened", 1], asks([json(without(bounded, "approval"))], [bounded])),
    refused("no acr any more", ["widened", 1], asks([json(without(bounded, "acr"))], [bounded])),
    refused("another acr", ["widened", 1], asks([json({ ...bounded, acr: "urn:acr:pwd" })], [bounded])),
    refused(
      "a member of a grant that nobody knows",
      ["malformed", 1],
      asks([{ ...(json(payment) as object), unless: "x" } as never]),
    ),
    refused(
      "a grant that is wider in the middle of the chain",
      ["widened", 1],
      then(asks([json(upTo(900_000))]), { grants: [upTo(10)] }),
    ),
  ];
}

const without = (grant: Grant, member: "max_uses" | "approval" | "acr"): Grant => {
  const { [member]: _, ...rest } = grant;
  return rest;
};

function constraints(): Case[] {
  const bad = (name: string, constraint: Json) =>
    refused(
      name,
      ["malformed", 1],
      asks([{ ...(json(payment) as object), args: { x: constraint } } as never]),
    );
  return [
    widens("not_in below in looks narrower", { op: "not_in", values: ["a"] }, { op: "in", values: ["b"] }),
    widens("not_in that forbids less", { op: "not_in", values: ["a"] }, { op: "not_in", values: ["a", "b"] }),
    widens("a value that is not in the set", { op: "eq", value: "c" }, { op: "in", values: ["a", "b"] }),
    widens("a number that is the same text", { op: "eq", value: "1" }, { op: "eq", value: 1 }),
    widens("a range one further", { op: "range", max: 101 }, { op: "range", max: 100 }),
    widens("a range without its lower end", { op: "range", max: 100 }, { op: "range", min: 1, max: 100 }),
    widens(
      "a path beside the other: /database is not under /data",
      { op: "under", path: "/database" },
      { op: "under", path: "/data" },
    ),
    widens("a path above", { op: "under", path: "/" }, { op: "under", path: "/data" }),
    widens(
      "a domain beside: badexample.com",
      { op: "prefix_dns", name: "badexample.com" },
      { op: "prefix_dns", name: "example.com" },
    ),
    widens("a network above", { op: "cidr", block: "10.0.0.0/7" }, { op: "cidr", block: "10.0.0.0/8" }),
    widens("a longer text", { op: "max_len", length: 11 }, { op: "max_len", length: 10 }),
    widens("a subset that is larger", { op: "subset", values: ["a", "b"] }, { op: "subset", values: ["a"] }),
    widens("any", { op: "any" }, { op: "not_in", values: ["a"] }),
    bad("an empty in, which would permit nothing or all", { op: "in", values: [] }),
    bad("an empty not_in, which would forbid nothing", { op: "not_in", values: [] }),
    bad("a range whose ends cross", { op: "range", min: 2, max: 1 }),
    bad("a range without an end", { op: "range" }),
    bad("a regular expression", { op: "regex", value: ".*" }),
    bad("a list of all, which when empty allows all", { op: "all", of: [] }),
    bad("a path with ..", { op: "under", path: "/data/../etc" }),
    bad("a path with %2e", { op: "under", path: "/data/%2e%2e/etc" }),
    bad("a member of a constraint that nobody knows", { op: "eq", value: 1, unless: 2 }),
  ];
}
