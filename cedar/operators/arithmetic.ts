import { EvaluationError } from "../error.ts";
import { isLong, type Long, longFrom } from "../long.ts";

/** `one + other`. @throws EvaluationError of kind `overflow` beyond 64 bits */
export function add(one: Long, other: Long): Long {
  if (typeof one === "number" && typeof other === "number") {
    const sum = one + other;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return checked("add", BigInt(one) + BigInt(other));
}

/** `one - other`. @throws EvaluationError of kind `overflow` beyond 64 bits */
export function subtract(one: Long, other: Long): Long {
  if (typeof one === "number" && typeof other === "number") {
    const difference = one - other;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return checked("subtract", BigInt(one) - BigInt(other));
}

/** `one * other`. @throws EvaluationError of kind `overflow` beyond 64 bits */
export function multiply(one: Long, other: Long): Long {
  if (typeof one === "number" && typeof other === "number") {
    const product = one * other;
    if (Number.isSafeInteger(product)) return product;
  }
  return checked("multiply", BigInt(one) * BigInt(other));
}

/** `-value`. @throws EvaluationError of kind `overflow` for the least 64-bit integer */
export function negate(value: Long): Long {
  return typeof value === "number" ? -value : checked("negate", -value);
}

/** A safe result of two safe operands is exact; anything larger is computed again in arbitrary precision. */
function checked(operation: string, exact: bigint): Long {
  if (isLong(exact)) return longFrom(exact);
  throw new EvaluationError("overflow", `integer overflow while attempting to ${operation}`);
}
