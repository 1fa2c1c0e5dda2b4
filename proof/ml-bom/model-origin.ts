import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type Component, componentsOf, digestsOf, listOf, malformed, textOf } from "./component.ts";

/** The predicate of a statement whose body is such a document. */
export const BOM_PREDICATE = "https://cyclonedx.org/bom";
const VERSIONS: ReadonlySet<unknown> = new Set(["1.6", "1.7"]);
/** More data sets than anybody names. */
const MOST_DATASETS = 500;

/** Something that the model was trained, tested or tuned with. */
export interface Dataset {
  readonly name: string;
  /** By strong algorithms, such as `sha-256:<hex>`. At least one. */
  readonly digests: readonly string[];
  /** Who answers for the data: organisations, or people where no organisation is named. At least one. */
  readonly owners: readonly string[];
  /** As its owner labels it. */
  readonly classification?: string;
}

/** Where a model comes from, as somebody declares. */
export interface ModelOrigin {
  readonly model: { readonly name: string; readonly version?: string };
  readonly datasets: readonly Dataset[];
}

/** The model as its signature knows it. Lower-case hex. */
export interface Weights {
  readonly root: string;
  readonly resources: readonly { readonly digest: string }[];
}

/**
 * Reads where a model comes from. The document must be about these weights by digest, and each data set that it
 * names must be one of its parts, with a digest and an owner.
 * @param attackerBom CycloneDX 1.6 or 1.7 as JSON, after its signature was checked
 * @throws VerificationError `wrong-typ` for another kind of document; `wrong-subject` for another model;
 *   `missing-claim` for data without digest or owner, or none at all; `malformed`; `too-large`
 * @see CycloneDX 1.6, modelCard.modelParameters.datasets
 */
export function readModelOrigin(attackerBom: Json, weights: Weights): ModelOrigin {
  if (!isJsonObject(attackerBom)) throw malformed("a bill of materials is an object");
  if (attackerBom.bomFormat !== "CycloneDX" || !VERSIONS.has(attackerBom.specVersion))
    throw new VerificationError("wrong-typ", "this is no CycloneDX document of version 1.6 or 1.7");
  const components = componentsOf(attackerBom);
  const model = modelAmong(components, weights);
  const named = listOf(parametersOf(model).datasets);
  if (named.length === 0) throw missing("no data sets are named");
  if (named.length > MOST_DATASETS) throw new VerificationError("too-large", "too many data sets");
  const version = textOf(model.version);
  return {
    model: { name: nameOf(model), ...(version === undefined ? {} : { version }) },
    datasets: named.map((each) => datasetOf(each, components)),
  };
}

/** The one component that is these weights, and says nothing else of them. */
function modelAmong(components: readonly Component[], { root, resources }: Weights): Component {
  const [only, ...more] = resources;
  const own = [root, ...(more.length === 0 && only !== undefined ? [only.digest] : [])];
  const found = components.filter((component) => {
    if (component.type !== "machine-learning-model") return false;
    const digests = digestsOf(component).filter((digest) => digest.startsWith("sha-256:"));
    return digests.length > 0 && digests.every((digest) => own.includes(digest.slice("sha-256:".length)));
  });
  const [model, ...others] = found;
  if (model !== undefined && others.length === 0) return model;
  throw new VerificationError(
    "wrong-subject",
    "no component, or more than one, is this model by its SHA-256",
  );
}

function parametersOf({ modelCard }: Component): JsonObject {
  const parameters = isJsonObject(modelCard) ? modelCard.modelParameters : undefined;
  return isJsonObject(parameters) ? parameters : {};
}

/** What is named within the card has no digest there: it must be a part of its own. */
function datasetOf(attackerDataset: Json, components: readonly Component[]): Dataset {
  const ref = isJsonObject(attackerDataset) ? textOf(attackerDataset.ref) : undefined;
  if (ref === undefined) throw missing("a data set within the card has no digest: refer to a component");
  const [component, ...more] = components.filter((each) => each["bom-ref"] === ref);
  if (component === undefined || more.length > 0) throw missing("a data set refers to no one component");
  if (component.type !== "data") throw missing("a data set refers to a component that is no data");
  const digests = digestsOf(component);
  if (digests.length === 0) throw missing("a data set has no digest");
  const data = listOf(component.data);
  const owners = [...new Set(data.flatMap(ownersOf))];
  if (owners.length === 0) throw missing("a data set has no owner");
  const classification = data.flatMap((each) =>
    isJsonObject(each) ? (textOf(each.classification) ?? []) : [],
  )[0];
  return {
    name: nameOf(component),
    digests,
    owners,
    ...(classification === undefined ? {} : { classification }),
  };
}

/** Of each part of the data somebody must be the owner. */
function ownersOf(attackerData: Json): string[] {
  if (!isJsonObject(attackerData)) throw malformed("data is an object");
  const governance = isJsonObject(attackerData.governance) ? attackerData.governance : {};
  const owners = listOf(governance.owners).map(ownerOf);
  if (owners.length === 0) throw missing("a part of a data set has no owner");
  return owners;
}

function ownerOf(attackerOwner: Json): string {
  const { organization, contact } = isJsonObject(attackerOwner) ? attackerOwner : ({} as JsonObject);
  const somebody = isJsonObject(organization) ? organization : contact;
  const name = isJsonObject(somebody) ? textOf(somebody.name) : undefined;
  if (name === undefined) throw missing("an owner has no name");
  return name;
}

function nameOf(component: Component): string {
  const name = textOf(component.name);
  if (name === undefined) throw malformed("a component has a name");
  return name;
}

const missing = (what: string): VerificationError => new VerificationError("missing-claim", what);
