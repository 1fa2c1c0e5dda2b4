import { EvaluationError, typeError } from "../error.ts";
import { Datetime, parseDatetime } from "../extension/datetime.ts";
import { Decimal, parseDecimal } from "../extension/decimal.ts";
import { Duration, parseDuration } from "../extension/duration.ts";
import { IpAddr, parseIpAddr } from "../extension/ipaddr.ts";
import { typeName, type Value } from "../value.ts";
import { expectString } from "./expect.ts";

/** What an extension function does with its arguments. */
interface ExtensionFunction {
  readonly arity: number;
  readonly call: (first: Value | undefined, second: Value | undefined) => Value;
}

type Class<T> = abstract new (...args: never[]) => T;

const definitions: readonly [name: string, definition: ExtensionFunction][] = [
  ["decimal", reads(parseDecimal)],
  ["ip", reads(parseIpAddr)],
  ["datetime", reads(parseDatetime)],
  ["duration", reads(parseDuration)],
  ["lessThan", between("decimal", Decimal, (one, other) => one.lessThan(other))],
  ["lessThanOrEqual", between("decimal", Decimal, (one, other) => one.lessThanOrEqual(other))],
  ["greaterThan", between("decimal", Decimal, (one, other) => one.greaterThan(other))],
  ["greaterThanOrEqual", between("decimal", Decimal, (one, other) => one.greaterThanOrEqual(other))],
  ["isIpv4", of("ipaddr", IpAddr, (ip) => ip.isIpv4())],
  ["isIpv6", of("ipaddr", IpAddr, (ip) => ip.isIpv6())],
  ["isLoopback", of("ipaddr", IpAddr, (ip) => ip.isLoopback())],
  ["isMulticast", of("ipaddr", IpAddr, (ip) => ip.isMulticast())],
  ["isInRange", between("ipaddr", IpAddr, (one, other) => one.isInRange(other))],
  ["offset", offset()],
  ["durationSince", between("datetime", Datetime, (one, other) => one.durationSince(other))],
  ["toDate", of("datetime", Datetime, (moment) => moment.toDate())],
  ["toTime", of("datetime", Datetime, (moment) => moment.toTime())],
  ["toMilliseconds", of("duration", Duration, (span) => span.toMilliseconds())],
  ["toSeconds", of("duration", Duration, (span) => span.toSeconds())],
  ["toMinutes", of("duration", Duration, (span) => span.toMinutes())],
  ["toHours", of("duration", Duration, (span) => span.toHours())],
  ["toDays", of("duration", Duration, (span) => span.toDays())],
];

const functions: ReadonlyMap<string, (args: readonly Value[]) => Value> = new Map(
  definitions.map(([name, definition]) => [name, withArity(name, definition)]),
);

/** Whether Cedar has an extension function or method of this name. */
export function isExtensionFunction(name: string): boolean {
  return functions.has(name);
}

/**
 * Calls an extension function or method; a method's receiver is its first argument.
 *
 * @throws EvaluationError of kind `arguments` when there are too few or too many, `type` when one is of
 *   another type, `extension` when the function itself fails
 */
export function callExtension(name: string, args: readonly Value[]): Value {
  return extensionFunction(name)(args);
}

/** The function that `callExtension` would call, looked up once. */
export function extensionFunction(name: string): (args: readonly Value[]) => Value {
  const found = functions.get(name);
  if (found !== undefined) return found;
  throw new EvaluationError("extension", `there is no function ${JSON.stringify(name)}`);
}

function withArity(name: string, { arity, call }: ExtensionFunction): (args: readonly Value[]) => Value {
  return (args) => {
    if (args.length === arity) return call(args[0], args[1]);
    throw new EvaluationError("arguments", `${name} takes ${arity} arguments, got ${args.length}`);
  };
}

function reads(parse: (text: string) => Value): ExtensionFunction {
  return { arity: 1, call: (text) => parse(expectString(present(text))) };
}

function of<T>(type: string, kind: Class<T>, method: (value: T) => Value): ExtensionFunction {
  return { arity: 1, call: (value) => method(expectKind(type, kind, value)) };
}

function between<T>(type: string, kind: Class<T>, method: (one: T, other: T) => Value): ExtensionFunction {
  return {
    arity: 2,
    call: (one, other) => method(expectKind(type, kind, one), expectKind(type, kind, other)),
  };
}

function offset(): ExtensionFunction {
  return {
    arity: 2,
    call: (moment, by) =>
      expectKind("datetime", Datetime, moment).offset(expectKind("duration", Duration, by)),
  };
}

function expectKind<T>(type: string, kind: Class<T>, value: Value | undefined): T {
  if (value instanceof kind) return value;
  throw typeError(type, typeName(present(value)));
}

function present(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new EvaluationError("arguments", "an argument is missing");
}
