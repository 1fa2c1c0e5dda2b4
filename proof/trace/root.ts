import { type Consent, consentHash, parseConsent } from "../consent/index.ts";
import { type Grant, parseGrants } from "../grant/index.ts";
import type { Json } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { checkSignature } from "./signature.ts";
import type { ConsentTrace, EdgeTrace } from "./trace.ts";
import { memberOf, numberIn, type TraceEvent, textIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

type GivenConsent = { trace: ConsentTrace; consent?: Consent };

/** The consents to a task, each with the reasons for which it gives nothing. */
export function consentsOf(trail: Trail): GivenConsent[] {
  return trail.of("consent.given").map((event) => readConsent(trail, event));
}

function readConsent(trail: Trail, event: TraceEvent): GivenConsent {
  const read = parsed(event);
  const signature = checkSignature(trail, event, "consent");
  const problems = [
    ...(read === undefined ? ["the consent cannot be read"] : mismatches(trail, event, read)),
    ...(signature.state === "broken" ? ["the signature does not hold"] : []),
  ];
  const { id, at, actor, body } = event;
  const [hash, credential] = [textIn(body, "hash"), textIn(body, "credential")];
  const person = actor.kind === "person" ? actor.principal : (read?.consent.person ?? "unknown");
  const trace = told({ event: id, at, person, hash, credential, signature, problems });
  return read === undefined ? { trace } : { trace, consent: read.consent };
}

/** A consent and its hash, computed from it. */
type Hashed = { consent: Consent; hash: string };

function parsed({ body }: TraceEvent): Hashed | undefined {
  try {
    return orRefuse("malformed", "the consent", () => hashed(memberOf(body, "consent") ?? null));
  } catch (error) {
    if (error instanceof VerificationError) return undefined;
    throw error;
  }
}

function hashed(attackerObject: Json): Hashed {
  const consent = parseConsent(attackerObject);
  return { consent, hash: consentHash(consent) };
}

function mismatches(trail: Trail, event: TraceEvent, { consent, hash }: Hashed): string[] {
  const { at, body } = event;
  const rules: [boolean, string][] = [
    [hash === textIn(body, "hash"), "the consent is not the one whose hash is recorded"],
    [consent.task === trail.task, "the consent is to another task"],
    [isGivenBy(event, consent), "the consent is another person's"],
    [consent.issued_at <= at && at < consent.expires_at, "the consent had no force at that time"],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/**
 * She signs herself; or the company's sign-in vouches for her, brought by the very agent that she gives to.
 * That is the weaker kind: its signature is nothing that these events could show.
 */
function isGivenBy({ actor, about, body }: TraceEvent, { person, agent }: Consent): boolean {
  if (textIn(body, "kind") !== "company-sign-in")
    return actor.kind === "person" && actor.principal === person;
  return actor.kind === "agent" && actor.principal === agent && about.person === person;
}

/**
 * The first delegation: the person's own, proven when exactly one sound consent gives just this; or the agent's,
 * where the log tells that no person asked.
 */
export function rootOf(trail: Trail, consents: readonly GivenConsent[]): EdgeTrace | undefined {
  const [opened, ...others] = trail.of("task.opened");
  const edge = opened === undefined ? undefined : textIn(opened.body, "edge");
  if (opened === undefined || edge === undefined) return undefined;
  const root = trail.of("task.started").length > 0 ? standing(trail, opened) : signed(opened, consents);
  const problems = [...(others.length === 0 ? [] : ["the task was opened more than once"]), ...root.problems];
  return told({
    edge,
    event: opened.id,
    at: opened.at,
    from: root.from,
    to: textIn(opened.body, "agent") ?? "unknown",
    depth: 1,
    grants: root.grants,
    passed: problems.length === 0 ? root.passed : ("unproven" as const),
    problems,
    expires: numberIn(opened.body, "expires"),
    policies: [],
    entries: [],
    children: [],
  });
}

/** What the first delegation of a task rests on. */
type Ground = Pick<EdgeTrace, "from" | "grants" | "passed" | "problems">;

function signed(opened: TraceEvent, consents: readonly GivenConsent[]): Ground {
  const given = consents.filter(({ trace }) => trace.hash === textIn(opened.body, "consent"));
  const [consent] = given;
  return {
    from: consent?.trace.person ?? opened.about.person ?? "unknown",
    grants: consent?.consent?.grants ?? [],
    passed: "signed",
    problems: rootProblems(opened, given),
  };
}

/** No person asked: the agent's own authority, and no more of it than the task was started with. */
function standing(trail: Trail, opened: TraceEvent): Ground {
  const [started, ...more] = trail.of("task.started");
  const agent = textIn(opened.body, "agent") ?? "unknown";
  const grants = grantsOf(started);
  const rules: [boolean, string][] = [
    [more.length === 0, "the task was started more than once"],
    [trail.of("task.requested").length === 0, "the task was asked of a person as well"],
    [textIn(opened.body, "consent") === undefined, "a consent is named that nobody was asked for"],
    [textIn(started?.body ?? {}, "agent") === agent, "the task was started for another agent"],
    [grants !== undefined, "what it was started with cannot be read"],
    [(started?.at ?? Number.POSITIVE_INFINITY) <= opened.at, "it was opened before it was started"],
  ];
  const problems = rules.filter(([holds]) => !holds).map(([, problem]) => problem);
  return { from: agent, grants: grants ?? [], passed: "standing", problems };
}

function grantsOf(started: TraceEvent | undefined): Grant[] | undefined {
  try {
    return orRefuse("malformed", "the grants", () =>
      parseGrants(memberOf(started?.body ?? {}, "grants") ?? null),
    );
  } catch (error) {
    if (error instanceof VerificationError) return undefined;
    throw error;
  }
}

function rootProblems(opened: TraceEvent, given: readonly GivenConsent[]): string[] {
  const [only, ...more] = given;
  if (only === undefined) return ["no consent to it is in these events"];
  if (more.length > 0) return ["the consent is recorded more than once"];
  if (only.consent === undefined || only.trace.problems.length > 0) return only.trace.problems;
  const expires = numberIn(opened.body, "expires");
  const rules: [boolean, string][] = [
    [only.consent.agent === textIn(opened.body, "agent"), "the consent is for another agent"],
    [expires !== undefined && expires <= only.consent.expires_at, "it outlasts the consent"],
    [only.trace.at <= opened.at, "it was opened before the consent"],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}
