import { type Command, Option } from "commander";
import { Trouble } from "./say.ts";

/** An option that the environment can say as well. */
export const from = (flag: string, description: string, variable: string): Option =>
  new Option(flag, description).env(variable);

/** Which installation it is: its store, and where people find it. */
export const placed = (command: Command): Command =>
  command
    .addOption(
      from("--data <folder>", "where everything is kept", "COUNTERSIGN_DATA").default(".countersign"),
    )
    .addOption(from("--port <port>", "the port to listen on", "COUNTERSIGN_PORT").default("4600"))
    .addOption(
      from(
        "--issuer <url>",
        "the public address (default: http://localhost:<port>)",
        "COUNTERSIGN_ISSUER_URL",
      ),
    )
    .addOption(
      from("--trust-domain <name>", "the SPIFFE trust domain", "COUNTERSIGN_TRUST_DOMAIN").default(
        "countersign.local",
      ),
    );

export interface Place {
  data: string;
  port: string;
  issuer?: string;
  trustDomain: string;
}

/** @throws Trouble for a port that is none */
export function placeOf({ data, port, issuer, trustDomain }: Place) {
  const number = portOf(port);
  return {
    data,
    ...(process.env.DATABASE_URL === undefined ? {} : { databaseUrl: process.env.DATABASE_URL }),
    port: number,
    issuer: issuer ?? `http://localhost:${number}`,
    trustDomain,
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Trouble(`${text} is not a port.`, "Give a number from 1 to 65535 with --port.");
}
