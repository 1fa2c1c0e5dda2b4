import { z } from "zod";
import { type Answer, route } from "../http/index.ts";
import { type Caller, Fault, type PersonId, ROLES } from "../lib/index.ts";
import { emailAddress, findPerson, personId, printableName } from "../registry/index.ts";
import { endedCookie, sessionCookie } from "./cookie.ts";
import { endSession } from "./end-session.ts";
import { beginEnrolment, finishEnrolment } from "./enrol-passkey.ts";
import { issueEnrolmentLink } from "./enrolment-link.ts";
import { beginFirstAdministrator, finishFirstAdministrator } from "./first-administrator.ts";
import type { LoginDeps } from "./login-deps.ts";
import { grantRole, withdrawRole } from "./roles.ts";
import { beginSignIn, finishSignIn } from "./sign-in.ts";
import type { Started } from "./start-session.ts";
import { exchangeTerminalCode, issueTerminalCode } from "./terminal.ts";
import { assertionResponse, registrationResponse } from "./webauthn-schema.ts";

const secret = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be the secret of a link");
const challengeId = z.string().startsWith("challenge_").max(40);
const label = printableName;
const role = z.enum(ROLES);

/** Options for an authenticator, in the JSON form of WebAuthn Level 3 §5.1. */
const ceremony = z.object({ challenge: challengeId, options: z.record(z.string(), z.unknown()) });
const signedIn = z.object({ person: z.string(), expires: z.int() });

const firstAdministrator = { secret, name: printableName, email: emailAddress };
const finished = { challenge: challengeId, label, response: registrationResponse };

export const firstAdministratorBegin = route<LoginDeps>()({
  summary: "Begins the enrolment of the first administrator by her one-time link.",
  body: z.strictObject(firstAdministrator),
  answers: { 200: ceremony },
  handle: async (deps, caller, { body: { secret: attackerSecret, ...who } }) => ({
    status: 200,
    body: await beginFirstAdministrator(deps, caller, { attackerSecret, ...who }),
  }),
});

export const firstAdministratorFinish = route<LoginDeps>()({
  summary: "Completes it: there is a person, her passkey, her role and her session.",
  body: z.strictObject({ ...firstAdministrator, ...finished }),
  answers: { 201: signedIn },
  handle: async (deps, caller, { body: { secret: attackerSecret, ...rest } }) =>
    withCookie(deps, await finishFirstAdministrator(deps, caller, { attackerSecret, ...rest })),
});

export const enrolmentBegin = route<LoginDeps>()({
  summary: "Begins the enrolment of a passkey by a one-time link.",
  body: z.strictObject({ secret }),
  answers: { 200: ceremony },
  handle: async (deps, caller, { body }) => ({
    status: 200,
    body: await beginEnrolment(deps, caller, { attackerSecret: body.secret }),
  }),
});

export const enrolmentFinish = route<LoginDeps>()({
  summary: "Completes it: there is a passkey and a session.",
  body: z.strictObject({ secret, ...finished }),
  answers: { 201: signedIn },
  handle: async (deps, caller, { body: { secret: attackerSecret, ...rest } }) =>
    withCookie(deps, await finishEnrolment(deps, caller, { attackerSecret, ...rest })),
});

export const signInBegin = route<LoginDeps>()({
  summary: "Begins a sign-in with a passkey.",
  body: z.strictObject({}),
  answers: { 200: ceremony },
  handle: async (deps, caller) => ({ status: 200, body: await beginSignIn(deps, caller) }),
});

export const signInFinish = route<LoginDeps>()({
  summary: "Completes it: there is a session, in a cookie.",
  body: z.strictObject({ challenge: challengeId, response: assertionResponse }),
  answers: { 201: signedIn },
  handle: async (deps, caller, { body }) => withCookie(deps, await finishSignIn(deps, caller, body)),
});

export const signOut = route<LoginDeps>()({
  summary: "Ends the caller's session.",
  answers: { 204: "nothing" },
  handle: async (deps, caller) => {
    await endSession(deps, caller);
    return { status: 204, headers: { "set-cookie": endedCookie(deps.issuer) } };
  },
});

export const terminalCode = route<LoginDeps>()({
  summary: "Makes a one-time code by which the caller signs in a terminal within ten minutes.",
  answers: { 201: z.object({ code: z.string(), expires: z.int() }) },
  handle: async (deps, caller) => ({ status: 201, body: await issueTerminalCode(deps, caller) }),
});

export const terminalExchange = route<LoginDeps>()({
  summary: "Exchanges a code for a session token, to be sent as `Authorization: Session <token>`.",
  body: z.strictObject({ code: z.string().min(20).max(40) }),
  answers: { 201: signedIn.extend({ session: z.string().describe("The token.") }) },
  handle: async (deps, caller, { body }) => {
    const started = await exchangeTerminalCode(deps, caller, { attackerCode: body.code });
    return { status: 201, body: { ...told(started), session: started.token } };
  },
});

export const whoAmI = route<LoginDeps>()({
  summary: "The person who is signed in, and her roles.",
  answers: {
    200: z.object({
      person: z.object({ id: z.string(), name: z.string(), email: z.string() }),
      roles: z.array(role),
    }),
  },
  handle: async (deps, caller) => {
    const person = caller.kind === "person" ? await findPerson(deps, caller.principal) : undefined;
    if (person === undefined) throw new Fault("unauthenticated", "Nobody is signed in.");
    const { id, name, email } = person;
    return { status: 200, body: { person: { id, name, email }, roles: caller.roles } };
  },
});

const ofPerson = z.strictObject({ id: personId });
const ofRole = z.strictObject({ id: personId, role });

export const enrolmentLink = route<LoginDeps>()({
  summary: "Makes a one-time link by which a person enrols a passkey within ten minutes.",
  params: ofPerson,
  answers: { 201: z.object({ url: z.string(), expires: z.int() }) },
  handle: async (deps, caller, { params }) => ({
    status: 201,
    body: await issueEnrolmentLink(deps, caller, { person: params.id as PersonId }),
  }),
});

export const roleGrant = route<LoginDeps>()({
  summary: "Gives a person a role in Countersign itself.",
  params: ofRole,
  answers: { 204: "nothing" },
  handle: (deps, caller, { params }) => changeRole(grantRole, deps, caller, params),
});

export const roleWithdraw = route<LoginDeps>()({
  summary: "Takes a role in Countersign itself from a person.",
  params: ofRole,
  answers: { 204: "nothing" },
  handle: (deps, caller, { params }) => changeRole(withdrawRole, deps, caller, params),
});

async function changeRole(
  change: typeof grantRole,
  deps: LoginDeps,
  caller: Caller,
  { id, role }: z.output<typeof ofRole>,
): Promise<Answer> {
  await change(deps, caller, { person: id as PersonId, role });
  return { status: 204 };
}

const told = ({ session, person }: Started) => ({ person, expires: session.expires });

const withCookie = (deps: LoginDeps, started: Started): Answer => ({
  status: 201,
  headers: { "set-cookie": sessionCookie(deps.issuer, started.token, started.session) },
  body: told(started),
});
