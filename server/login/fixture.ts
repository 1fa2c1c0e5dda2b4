/** For tests only: a login room with people in it, and a scripted but genuine authenticator for each. */
import { type Authenticator, softwareAuthenticator } from "../../examples/authenticator/authenticator.ts";
import { auditMigrations, type Sealer } from "../audit/index.ts";
import type { TestDatabase, TestEngine } from "../audit/test-databases.ts";
import { type Caller, nobody, type PersonId } from "../lib/index.ts";
import { registerPerson, registryMigrations } from "../registry/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import { beginEnrolment, finishEnrolment } from "./enrol-passkey.ts";
import { issueEnrolmentLink } from "./enrolment-link.ts";
import {
  beginFirstAdministrator,
  finishFirstAdministrator,
  issueFirstAdministratorLink,
} from "./first-administrator.ts";
import type { LoginDeps } from "./login-deps.ts";
import { sessionCaller } from "./session-caller.ts";
import { beginSignIn, finishSignIn } from "./sign-in.ts";
import type { Started } from "./start-session.ts";
import { loginMigrations } from "./tables.ts";

export const issuer = "http://localhost:4600";
export const stranger = nobody("192.0.2.1");

/** Login keeps no words of people in the log, so it conceals nothing. */
const unused = (): never => {
  throw new Error("login concealed something");
};
const sealer: Sealer = { seal: unused, open: unused };

export type LoginTest = TestDatabase<{ trustDomain: string; issuer: string; sealer: Sealer }>;

export const openLogin = (engine: TestEngine): Promise<LoginTest> =>
  engine.open([...auditMigrations, ...revocationMigrations, ...registryMigrations, ...loginMigrations], {
    trustDomain: "acme.example",
    issuer,
    sealer,
  });

/** A person who has enrolled, with the authenticator that holds her passkey, and her open session. */
export interface Enrolled {
  readonly id: PersonId;
  readonly authenticator: Authenticator;
  readonly token: string;
  readonly caller: Caller;
}

export const secretOf = (url: string): string => url.slice(url.indexOf("=") + 1);

export async function firstAdministrator(deps: LoginDeps): Promise<Enrolled> {
  const { url } = await issueFirstAdministratorLink(deps);
  return becomeFirst(deps, secretOf(url));
}

export async function becomeFirst(
  deps: LoginDeps,
  attackerSecret: string,
  email = "ada@acme.example",
): Promise<Enrolled> {
  const authenticator = softwareAuthenticator();
  const who = { attackerSecret, name: "Ada Admin", email };
  const { challenge, options } = await beginFirstAdministrator(deps, stranger, who);
  const response = authenticator.create(issuer, options);
  const finish = { ...who, challenge, label: "key", response };
  return enrolled(deps, authenticator, await finishFirstAdministrator(deps, stranger, finish));
}

/** Registers a person and has her enrol by a link of the administrator's. */
export async function person(deps: LoginDeps, administrator: Caller, name: string): Promise<Enrolled> {
  const { id } = await registerPerson(deps, administrator, {
    name,
    email: `${name.toLowerCase()}@acme.example`,
  });
  const { url } = await issueEnrolmentLink(deps, administrator, { person: id });
  return enrol(deps, secretOf(url));
}

export async function enrol(
  deps: LoginDeps,
  attackerSecret: string,
  authenticator = softwareAuthenticator(),
): Promise<Enrolled> {
  const { challenge, options } = await beginEnrolment(deps, stranger, { attackerSecret });
  const response = authenticator.create(issuer, options);
  const started = await finishEnrolment(deps, stranger, {
    attackerSecret,
    challenge,
    label: "key",
    response,
  });
  return enrolled(deps, authenticator, started);
}

export async function signIn(
  deps: LoginDeps,
  { authenticator }: Pick<Enrolled, "authenticator">,
): Promise<Started> {
  const { challenge, options } = await beginSignIn(deps, stranger);
  return finishSignIn(deps, stranger, { challenge, response: authenticator.get(issuer, options) });
}

async function enrolled(deps: LoginDeps, authenticator: Authenticator, started: Started): Promise<Enrolled> {
  const caller = await sessionCaller(deps, started.token);
  if (caller === undefined) throw new Error("the session that just began is not good");
  return { id: started.person, authenticator, token: started.token, caller };
}
