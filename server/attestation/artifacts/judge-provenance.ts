import { canonicalize, type Json } from "@countersign/proof/jcs";
import type { Dependency, Provenance } from "@countersign/proof/statement";
import type { Fault } from "../../lib/index.ts";
import type { Counted } from "./image-statement.ts";
import { notAsDeclared } from "./refused.ts";
import type { ProvenanceRequirement } from "./requirement.ts";

/** Types of builds whose parameters we know how to read, where nobody names another. */
const KNOWN_BUILD_TYPES: ReadonlySet<string> = new Set([
  "https://actions.github.io/buildtypes/workflow/v1",
  "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
  "https://slsa-framework.github.io/gcb-buildtypes/triggered-build/v1",
]);

/**
 * Finds among what is known of an image's builds one that is as declared. One will do: others may have built the
 * same bytes elsewhere.
 * @throws Fault `forbidden` with the reason of the newest that was not
 */
export function judgeProvenance(
  image: string,
  required: ProvenanceRequirement,
  counted: readonly Counted[],
): Counted & { readonly level: number } {
  let refused: Fault | undefined;
  for (const one of counted) {
    const { provenance } = one.statement;
    if (provenance === undefined || !required.signed_by.includes(one.signer.name)) continue;
    const level = one.signer.builders.find(({ id }) => id === provenance.builder)?.level;
    const wrong = level === undefined ? wrongBuilder(image) : firstWrong(image, required, provenance);
    if (wrong === undefined && level !== undefined) return { ...one, level };
    refused ??= wrong;
  }
  throw refused ?? missing(image);
}

/** What is not as declared, if anything is. */
function firstWrong(
  image: string,
  required: ProvenanceRequirement,
  provenance: Provenance,
): Fault | undefined {
  const { builder, buildType, dependencies } = provenance;
  if (builder !== required.builder) return wrongBuilder(image);
  if (
    required.build_type === undefined ? !KNOWN_BUILD_TYPES.has(buildType) : buildType !== required.build_type
  )
    return unknownBuildType(image);
  const sources = dependencies.filter(isSource);
  if (sources.length === 0 || !sources.every(({ uri }) => repositoryOf(uri) === required.source))
    return wrongSource(image);
  const { commit } = required;
  if (commit !== undefined && !sources.every(({ digest = {} }) => commitOf(digest) === commit))
    return wrongCommit(image);
  return unexpectedParameter(image, required, provenance);
}

/**
 * Whatever came out of a repository: all of it must be the one that is declared. One among several would let
 * somebody build their own code and name ours beside it.
 */
const isSource = ({ uri = "", digest = {} }: Dependency): boolean =>
  commitOf(digest) !== undefined || /^git(\+|:|@)|\.git(@|$)/.test(uri);

const commitOf = (digest: Readonly<Record<string, string>>): string | undefined =>
  (Object.hasOwn(digest, "gitCommit") ? digest.gitCommit : undefined) ??
  (Object.hasOwn(digest, "sha1") ? digest.sha1 : undefined);

const repositoryOf = (uri = ""): string => uri.split("@", 1)[0] ?? "";

/** Every external parameter is one that was declared, with that value; every one declared is there. */
function unexpectedParameter(
  image: string,
  { parameters, free_parameters }: ProvenanceRequirement,
  { externalParameters }: Provenance,
): Fault | undefined {
  const names = new Set([...Object.keys(externalParameters), ...Object.keys(parameters)]);
  const odd = [...names].find((name) => {
    if (free_parameters.includes(name)) return false;
    const declared = Object.hasOwn(parameters, name) && Object.hasOwn(externalParameters, name);
    return !declared || !sameJson(externalParameters[name], parameters[name]);
  });
  if (odd === undefined) return undefined;
  return notAsDeclared(
    "provenance-unexpected-parameter",
    "The image was built with parameters other than those that are declared.",
    "Build it as declared, or declare the parameters that its build has.",
    image,
  );
}

const sameJson = (one: Json | undefined, other: Json | undefined): boolean =>
  one !== undefined && other !== undefined && canonicalize(one) === canonicalize(other);

const missing = (image: string): Fault =>
  notAsDeclared(
    "provenance-missing",
    "Nobody whose word is taken has said how this image was built.",
    "Bring its provenance (POST /attestation/images), signed by one of the declared signers.",
    image,
  );

const wrongBuilder = (image: string): Fault =>
  notAsDeclared(
    "provenance-wrong-builder",
    "The image was built by another builder than declared, or by one for which the signer does not speak.",
    "Build it with the declared builder.",
    image,
  );

const unknownBuildType = (image: string): Fault =>
  notAsDeclared(
    "provenance-unknown-build-type",
    "The image's provenance is of a type of build that nobody declared.",
    "Declare build_type, after reading what its parameters mean.",
    image,
  );

const wrongSource = (image: string): Fault =>
  notAsDeclared(
    "provenance-wrong-source",
    "The image was not built from the declared source alone.",
    "Build it from the declared repository.",
    image,
  );

const wrongCommit = (image: string): Fault =>
  notAsDeclared(
    "provenance-wrong-commit",
    "The image was built from another commit than declared.",
    "Build the declared commit, or declare this one.",
    image,
  );
