/**
 * What each of Cedar's operators means, as functions of values. The compiler and partial evaluation both call
 * these, so a meaning is written down once.
 */
export { add, multiply, negate, subtract } from "./arithmetic.ts";
export { getAttribute, getEntityAttribute, getMember, getTag, hasAttribute, hasTag } from "./attribute.ts";
export { equals, less, lessOrEqual } from "./compare.ts";
export { expectBoolean, expectEntity, expectLong, expectSet, expectString } from "./expect.ts";
export { callExtension, extensionFunction, isExtensionFunction } from "./extension-call.ts";
export { isIn, isOfType, isWithin, isWithinAny } from "./hierarchy.ts";
export { like, type Pattern, patternFrom } from "./like.ts";
export { contains, containsAll, containsAny, isEmpty } from "./set.ts";
