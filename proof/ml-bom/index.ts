/**
 * Where a model comes from, as its bill of materials declares it: a CycloneDX document about exactly these
 * weights, whose data sets have digests and owners. What is declared and signed is known; that it is true is not.
 */
export { BOM_PREDICATE, type Dataset, type ModelOrigin, readModelOrigin } from "./model-origin.ts";
