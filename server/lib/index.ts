/**
 * The words that every room speaks: time, chance, ids, faults, callers, decisions. A fixed list of
 * files; imports nothing of ours.
 */
export type { Action, Allow, Obligation } from "./allow.ts";
export {
  type AgentName,
  type Caller,
  type Credential,
  nobody,
  type PersonId,
  type PrincipalId,
  ROLES,
  type Role,
  type ServiceId,
  STRENGTHS,
  type Strength,
  system,
} from "./caller.ts";
export { type Clock, days, hours, inSeconds, minutes, seconds, systemClock } from "./clock.ts";
export type { Deps } from "./deps.ts";
export { CODES, type Code, Fault, type FaultDetails, isFailure } from "./fault.ts";
export {
  earliestId,
  ID_ALPHABET,
  ID_PREFIXES,
  type Id,
  type IdPrefix,
  isId,
  madeAt,
  newId,
  newSecret,
  timePart,
} from "./ids.ts";
export { type Log, silentLog } from "./log.ts";
export { type Random, systemRandom } from "./random.ts";
