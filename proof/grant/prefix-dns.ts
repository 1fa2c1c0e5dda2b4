import { malformed, type NarrowingOperator, parseText } from "./operator.ts";

/** A host name: this one or one below it. `example.com` holds `api.example.com`, not `badexample.com`. */
export type PrefixDns = { op: "prefix_dns"; name: string };

const longestName = 253;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const prefixDns: NarrowingOperator<PrefixDns> = {
  members: ["name"],
  parse: (members) => {
    const name = parseText(members.name);
    if (labelsOf(name) === undefined || name !== name.toLowerCase()) {
      throw malformed("a name is not a host name in lower case");
    }
    return { op: "prefix_dns", name };
  },
  permits: ({ name }, value) => typeof value === "string" && isBelow(value, name),
  covers: (parent, child) => isBelow(child.name, parent.name),
  meet: (a, b) => {
    if (isBelow(b.name, a.name)) return b;
    return isBelow(a.name, b.name) ? a : undefined;
  },
  describe: ({ name }, show) => `in domain ${show(name)}`,
};

function isBelow(attackerName: string, parentName: string): boolean {
  const [name, parent] = [labelsOf(attackerName), labelsOf(parentName)];
  if (name === undefined || parent === undefined) return false;
  return parent.every((part, i) => part === name[i]);
}

/** The labels of a host name, the top-level domain first. An IPv4 address is no name: its last label is a number. */
function labelsOf(attackerName: string): string[] | undefined {
  if (attackerName.length > longestName || !/^[\x21-\x7e]+$/.test(attackerName)) return undefined;
  const labels = attackerName.toLowerCase().split(".").reverse();
  const isNumber = /^[0-9]+$/.test(labels[0] ?? "");
  return !isNumber && labels.every((part) => label.test(part)) ? labels : undefined;
}
