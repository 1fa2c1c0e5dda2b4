import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { issueJoinToken } from "../attestation/index.ts";
import { Fault, system } from "../lib/index.ts";
import { issueEnrolmentLink, issueFirstAdministratorLink } from "../login/index.ts";
import { findPersonByEmail } from "../registry/index.ts";
import type { ServerDeps } from "./server-deps.ts";

/** What whoever holds the process gets of it without asking anybody; each stands in the log. */
export interface OperatorLinks {
  /** The link for the first administrator, while there is none. */
  firstLink(): Promise<string | undefined>;
  /** The same, into a file that only its owner reads. */
  writeFirstLink(): Promise<void>;
  /** A token by which this very machine joins. */
  joinToken(host: string): Promise<string>;
  /** A link by which a registered person enrols a passkey. @throws Fault `not-found` */
  enrolmentLink(email: string): Promise<string>;
}

/** @param folder where the file with the first administrator's link goes */
export function operatorLinks(deps: ServerDeps, folder: string): OperatorLinks {
  const firstLink = () => firstLinkOf(deps);
  return {
    firstLink,
    async writeFirstLink() {
      const link = await firstLink();
      if (link === undefined) return;
      writeFileSync(join(folder, "first-administrator-link"), `${link}\n`, { mode: 0o600 });
    },
    joinToken: async (host) => (await issueJoinToken(deps, system, { host })).token,
    async enrolmentLink(email) {
      const person = await findPersonByEmail(deps, email);
      if (person === undefined)
        throw new Fault("not-found", "Nobody here has this address.", {
          remedy: "Register the person first.",
        });
      return (await issueEnrolmentLink(deps, system, { person: person.id })).url;
    },
  };
}

async function firstLinkOf(deps: ServerDeps): Promise<string | undefined> {
  try {
    return (await issueFirstAdministratorLink(deps)).url;
  } catch (error) {
    if (error instanceof Fault && error.code === "conflict") return undefined;
    throw error;
  }
}
