/**
 * By whose word, or by which key, somebody is who it is. What it lets exist rests on that as well, and dies with it:
 * whoever adds a kind of vouching adds it here.
 */
const VOUCHING = ["instance", "host", "trust-domain", "workload", "provider", "platform", "kid"] as const;

/**
 * What can die. A dead key is `<kind>:<what>`; where death can be lifted (a suspension), it names the epoch
 * that it ends, `agent:<name>#<epoch>`, and what comes after carries the next one. So no times are compared.
 * A signing key that was withdrawn, `kid:<key id>`, takes with it whatever it signed.
 * A class of agents, an image, a model and a configuration can be blocked and opened again, so they have epochs as well, and so
 * has what an agent holds at one resource on its own authority, `standing:<agent>/<resource's hash>#<epoch>`.
 * Policies die by the number of their activation, `policy:<number>`: whatever was decided by them ends.
 */
const KINDS = [
  ...VOUCHING,
  "task",
  "edge",
  "jti",
  "jkt",
  "agent",
  "person",
  "service",
  "policy",
  "standing",
  "class",
  "image",
  "model",
  "configuration",
] as const;
export type DeadKey = `${(typeof KINDS)[number]}:${string}`;

/** Long enough for a SPIFFE ID within a dead key; what is longer was made by nobody here. */
const LONGEST = 2_100;
const WRITTEN_SO = new RegExp(`^(${KINDS.join("|")}):[!-~]+$`);

/** Whether this names something that can die: a kind, a colon, visible ASCII. */
export const isDeadKey = (text: string): text is DeadKey => text.length <= LONGEST && WRITTEN_SO.test(text);

const VOUCHES = new RegExp(`^(${VOUCHING.join("|")}):`);

/** Whether this names somebody, or a key, by whose word another is who it is. */
export const isVouching = (key: string): boolean => VOUCHES.test(key);
