import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "../http/index.ts";
import { type Caller, nobody, type Role } from "../lib/index.ts";
import { endpoints } from "./endpoints.ts";
import { gate } from "./gate.ts";
import type { ServerDeps } from "./server-deps.ts";

const { admit } = gate({} as ServerDeps);

/** What is served to strangers: whoever opens another door to them shall have to say so here. */
const OPEN = [
  "GET /health",
  "GET /openapi.json",
  "GET /.well-known/authzen-configuration",
  "GET /.well-known/oauth-authorization-server",
  "GET /.well-known/oauth-protected-resource",
  "GET /oauth/jwks",
  "GET /oauth/warrant-keys",
  "GET /.well-known/openid-configuration",
  "POST /oauth/token",
  "POST /oauth/revoke",
  "POST /oauth/introspect",
  "GET /status",
  "GET /status/:list",
  "GET /oauth/authorize",
  "POST /oauth/authorize",
  "POST /enrol",
  "GET /attestation/keys",
  "POST /admission/kubernetes/:secret",
  "POST /hosts/self/challenge",
  "POST /hosts/self/join",
  "POST /attest",
  "GET /login",
  "GET /login/assets/:file",
  "GET /login/proof/:file",
  "GET /login/proof/:folder/:file",
  "POST /login/first-administrator/begin",
  "POST /login/first-administrator/finish",
  "POST /login/enrolment/begin",
  "POST /login/enrolment/finish",
  "POST /login/sign-in/begin",
  "POST /login/sign-in/finish",
  "POST /login/terminal",
  "GET /audit/key",
  "GET /spiffe/bundle",
];

/** What is sent as a POST and changes nothing: it asks. */
const QUESTIONS = [
  "POST /policies/check",
  "POST /policies/diff",
  "POST /policies/replay",
  "POST /policies/simulate",
  "POST /access/v1/evaluation",
  "POST /access/v1/evaluations",
  "POST /access/v1/search/subject",
  "POST /access/v1/search/resource",
  "POST /access/v1/search/action",
];

const nameOf = ({ method, path }: Endpoint<ServerDeps>): string => `${method} ${path}`;

const callerOf = (kind: Caller["kind"], ...roles: Role[]): Caller => ({
  ...nobody("192.0.2.1"),
  principal: "person_x",
  kind,
  roles,
});

const admits = (caller: Caller, endpoint: Endpoint<ServerDeps>): boolean => {
  try {
    admit(caller, endpoint, {} as never);
    return true;
  } catch {
    return false;
  }
};

test("a stranger is admitted where somebody must begin, and nowhere else", () => {
  const open = endpoints.filter((endpoint) => admits(nobody("192.0.2.1"), endpoint));
  assert.deepEqual(open.map(nameOf).sort(), [...OPEN].sort());
});

test("a role counts for people only, and being a person is no role", () => {
  const forRoles = endpoints.filter(({ who }) => who.every((each) => /^(administrator|auditor)$/.test(each)));
  assert.ok(forRoles.length > 10);
  for (const endpoint of forRoles) {
    assert.equal(admits(callerOf("agent", "administrator", "auditor"), endpoint), false, nameOf(endpoint));
    assert.equal(admits(callerOf("service", "administrator", "auditor"), endpoint), false, nameOf(endpoint));
    assert.equal(admits(callerOf("person"), endpoint), false, nameOf(endpoint));
    assert.equal(admits(callerOf("person", "administrator"), endpoint), true, nameOf(endpoint));
  }
});

test("an auditor reads, and is admitted to no change that needs an administrator", () => {
  const forAuditors = endpoints.filter(({ who }) => who.includes("auditor"));
  const changing = forAuditors.filter(({ method }) => method !== "GET").map(nameOf);
  assert.deepEqual(changing.sort(), QUESTIONS.sort());
});

test("each endpoint stands in the table once", () => {
  assert.equal(new Set(endpoints.map(nameOf)).size, endpoints.length);
});
