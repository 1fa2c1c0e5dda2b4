import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { malformed, readDigests, type Statement } from "./statement.ts";

export const PROVENANCE_PREDICATE = "https://slsa.dev/provenance/v1";

/** Something that went into a build. */
export interface Dependency {
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
}

/** How something was built, as its builder says. */
export interface Provenance {
  readonly builder: string;
  readonly buildType: string;
  readonly externalParameters: JsonObject;
  readonly dependencies: readonly Dependency[];
}

const MOST_DEPENDENCIES = 1_000;

/**
 * Reads a statement as SLSA provenance.
 * @throws VerificationError `wrong-typ` for another predicate; `malformed`
 * @see SLSA v1 provenance
 */
export function readProvenance({ predicateType, predicate }: Statement): Provenance {
  if (predicateType !== PROVENANCE_PREDICATE)
    throw new VerificationError("wrong-typ", "this is no provenance");
  const { buildDefinition, runDetails } = predicate;
  if (!isJsonObject(buildDefinition) || !isJsonObject(runDetails))
    throw malformed("provenance says what was built and by whom");
  const { buildType, externalParameters, resolvedDependencies = [] } = buildDefinition;
  const { builder } = runDetails;
  if (!isJsonObject(builder) || typeof builder.id !== "string")
    throw malformed("provenance names its builder");
  if (typeof buildType !== "string") throw malformed("provenance names its type of build");
  if (!isJsonObject(externalParameters)) throw malformed("external parameters are an object");
  return {
    builder: builder.id,
    buildType,
    externalParameters,
    dependencies: readDependencies(resolvedDependencies),
  };
}

function readDependencies(attackerDependencies: Json): Dependency[] {
  if (!Array.isArray(attackerDependencies) || attackerDependencies.length > MOST_DEPENDENCIES)
    throw malformed("dependencies are a list");
  return attackerDependencies.map((attackerDependency) => {
    if (!isJsonObject(attackerDependency)) throw malformed("a dependency is an object");
    const { uri, digest } = attackerDependency;
    if (uri !== undefined && typeof uri !== "string") throw malformed("a dependency's uri is text");
    return {
      ...(uri === undefined ? {} : { uri }),
      ...(digest === undefined ? {} : { digest: readDigests(digest) }),
    };
  });
}
