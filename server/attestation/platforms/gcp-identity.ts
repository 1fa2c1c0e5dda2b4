import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { refused } from "./refused.ts";

/** What Google says of the machine that asked, where it asked for all of it. */
export interface GcpMachine {
  /** The service account's unique id. Its address could become somebody else's. */
  readonly sub: string;
  readonly email?: string;
  readonly projectId: string;
  readonly projectNumber: string;
  readonly zone: string;
  readonly instanceId: string;
  readonly instanceName: string;
}

/** @throws Fault, reasons `claims-missing`, `not-bound-to-a-machine` */
export function readGcpIdentity(claims: JsonObject): GcpMachine {
  const { google, sub, azp, email } = claims;
  if (typeof sub !== "string" || !/^[0-9]{1,30}$/.test(sub) || (azp !== undefined && azp !== sub))
    throw refused("claims-missing", "The token does not say whose it is, as Google's do.");
  const machine = isJsonObject(google) ? google.compute_engine : undefined;
  if (!isJsonObject(machine))
    throw refused("not-bound-to-a-machine", "The token does not say on which machine it was asked for.", {
      remedy: "Ask the metadata server with format=full.",
    });
  return {
    sub,
    ...(typeof email === "string" && claims.email_verified === true ? { email } : {}),
    projectId: wordIn(machine.project_id),
    projectNumber: numberIn(machine.project_number),
    zone: wordIn(machine.zone),
    instanceId: numberIn(machine.instance_id),
    instanceName: wordIn(machine.instance_name),
  };
}

const wordIn = (value: Json | undefined): string => {
  if (typeof value === "string" && /^[a-zA-Z0-9.:_-]{1,200}$/.test(value)) return value;
  throw refused(
    "not-bound-to-a-machine",
    "The token does not say all of the machine that it was asked for on.",
  );
};

/** Digits, as text or as a number that JSON carries exactly. */
const numberIn = (value: Json | undefined): string => {
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === "string" && /^[0-9]{1,20}$/.test(text)) return text;
  throw refused(
    "not-bound-to-a-machine",
    "The token does not say all of the machine that it was asked for on.",
  );
};
