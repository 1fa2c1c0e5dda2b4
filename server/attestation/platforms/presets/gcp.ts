import { hours } from "../../../lib/index.ts";
import { readGcpIdentity } from "../gcp-identity.ts";
import type { Preset } from "./preset.ts";

/**
 * A machine of Google's cloud with a service account. The same issuer signs for every user and project there is:
 * the account's unique id and the project's number say whose it is, the instance's id which machine.
 */
export const gcp: Preset = {
  longest: hours(1),
  most: hours(1),
  algorithms: ["RS256"],
  names: ["sub", "project_number", "instance_id", "project_id", "zone", "instance_name", "email"],
  pins: [["sub", "project_number"]],
  read(claims) {
    const machine = readGcpIdentity(claims);
    return {
      facts: {
        sub: machine.sub,
        project_number: machine.projectNumber,
        instance_id: machine.instanceId,
        project_id: machine.projectId,
        zone: machine.zone,
        instance_name: machine.instanceName,
        ...(machine.email === undefined ? {} : { email: machine.email }),
      },
      copy: `${machine.projectNumber}/${machine.instanceId}/${machine.sub}`,
    };
  },
};
