import { parseExactJson } from "@countersign/cedar";
import type { Sealer } from "../audit/index.ts";
import type { DatabaseDeps } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import type { ApplicationDefinition, ApplicationVersion } from "./application.ts";
import type { ReadApplication } from "./read-application.ts";
import { openVersion, versionNumbered } from "./store.ts";

/** A definition as it rests, with what was read of it when it was found right: nothing is parsed again. */
export interface StoredApplication {
  readonly version: ApplicationVersion;
  readonly definition: ApplicationDefinition;
  readonly read: ReadApplication;
}

/** How it rests, before it is sealed: JSON. */
export const applicationContent = (definition: ApplicationDefinition, read: ReadApplication): string =>
  JSON.stringify({ definition, read }, bigintsAsNumbers);

/** @throws Fault `not-found` for a version that never was or is forgotten */
export async function storedApplication(
  { database, sealer }: DatabaseDeps & { readonly sealer: Sealer },
  application: string,
  number: number,
): Promise<StoredApplication> {
  const row = await versionNumbered(database, application, number);
  if (row === undefined) {
    throw new Fault("not-found", "There is no such version of this application.", {
      remedy: "The twenty newest are kept.",
    });
  }
  const { sealed: _, ...version } = row;
  const { definition, read } = parseExactJson(openVersion(sealer, row)) as Omit<StoredApplication, "version">;
  return { version, definition, read };
}

/** Integers of policies have 64 bits; JSON has room for them, and the reader reads them exactly. */
const bigintsAsNumbers = (_name: string, value: unknown): unknown =>
  typeof value === "bigint" ? (JSON as unknown as RawJson).rawJSON(value.toString()) : value;

interface RawJson {
  rawJSON(text: string): unknown;
}
