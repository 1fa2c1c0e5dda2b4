import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { AS_JSON } from "./definition.ts";
import { bold, green, Misuse, say, Trouble, table, visible } from "./say.ts";

interface TrustDomain {
  name: string;
  endpoint?: string;
  endpoint_spiffe_id?: string;
  updated: number;
}

interface Authority {
  trust_domain: string;
  sequence: number;
  updated: number;
  keys: {
    kid: string;
    purpose: string;
    state: string;
    activates: number;
    held: boolean;
    certificate?: { issuer: string; expires: number };
  }[];
}

/** A workload of another trust domain, by its SPIFFE ID or the beginning of many. */
interface Workload {
  spiffe_id: string;
  agent?: string;
  service?: string;
}

interface Put {
  bundle?: string;
  endpoint?: string;
  endpointId?: string;
}

/** `trust-domains` and `authority`: by whom SVIDs are signed, others' and our own. */
export function trustCommands(program: Command): void {
  const domains = program.command("trust-domains").description("other trust domains whose SVIDs are taken");
  domains.command("list", { isDefault: true }).description("list them").action(list);
  domains
    .command("put <name>")
    .description("say by whom a trust domain's SVIDs are signed")
    .option("--bundle <file>", "its SPIFFE bundle; beside --endpoint-id, the one to begin with")
    .option("--endpoint <url>", "where its bundle is fetched and kept fresh")
    .option("--endpoint-id <spiffe-id>", "whom that endpoint proves to be (https_spiffe)")
    .action(put);
  domains
    .command("remove <name>")
    .description("take its word no more: everything that was issued on it is dead")
    .action(async (name: string) => {
      await openClient().delete(`/trust-domains/${encodeURIComponent(name)}`);
      say.line(`${green("✓")} ${bold(visible(name))} vouches for nobody any more.`);
    });
  standing(domains);
  const authority = program.command("authority").description("our own trust domain's authority");
  authority
    .command("show", { isDefault: true })
    .description("show its keys, their certificates and its bundle's sequence")
    .action(show);
  authority
    .command("bundle")
    .description("print our own trust domain's bundle, to hand to whoever shall trust it")
    .action(async () => say.line(JSON.stringify(await openClient().get("/spiffe/bundle"), undefined, 2)));
}

function standing(domains: Command): void {
  domains
    .command("rules <name>")
    .description("for whom of ours its workloads stand")
    .option(...AS_JSON)
    .action(rules);
  domains
    .command("bind <name> <spiffe-id>")
    .description("let a workload stand for an agent or a service; an id that ends in / is all that begin so")
    .option("--agent <name>", "the agent that it is")
    .option("--service <id>", "the service that it is")
    .action(bind);
  domains
    .command("unbind <name> <spiffe-id>")
    .description("it stands for nobody any more: what it was issued is dead")
    .action(unbind);
}

const workloadsOf = (name: string): string => `/trust-domains/${encodeURIComponent(name)}/workloads`;

async function rules(name: string, { json = false }: { json?: boolean }): Promise<void> {
  const items = await allOf<Workload>(workloadsOf(name));
  if (json) return say.json(items);
  if (items.length === 0)
    return say.line(
      `Nobody of ${visible(name)} stands for anybody yet: countersign trust-domains bind --help`,
    );
  say.line(table([["STANDS FOR", "SPIFFE ID"], ...items.map((each) => [stoodFor(each), each.spiffe_id])]));
}

async function bind(name: string, id: string, said: Pick<Workload, "agent" | "service">): Promise<void> {
  if ((said.agent === undefined) === (said.service === undefined))
    throw new Misuse("It stands for one of ours.", "Give either --agent or --service.");
  const workload = await openClient().post<Workload>(workloadsOf(name), { id, ...said });
  say.line(
    `${green("✓")} ${bold(visible(workload.spiffe_id))} stands for ${bold(visible(stoodFor(workload)))}`,
  );
}

const stoodFor = ({ agent, service }: Workload): string => agent ?? service ?? "";

async function unbind(name: string, id: string): Promise<void> {
  await openClient().delete(`${workloadsOf(name)}?id=${encodeURIComponent(id)}`);
  say.line(`${green("✓")} ${bold(visible(id))} stands for nobody any more; what it was issued is dead`);
}

async function list(): Promise<void> {
  const items = await allOf<TrustDomain>("/trust-domains");
  if (items.length === 0) return say.line("The word of no other trust domain is taken.");
  const rows = items.map(({ name, endpoint, endpoint_spiffe_id: id, updated }) => [
    name,
    timeOf(updated),
    endpoint ?? "brought by hand",
    id ?? "",
  ]);
  say.line(table([["NAME", "BUNDLE OF", "FETCHED AT", "WHO ANSWERS"], ...rows]));
}

async function put(name: string, { bundle, endpoint, endpointId }: Put): Promise<void> {
  if (bundle === undefined && endpoint === undefined)
    throw new Misuse("Nothing says by whom its SVIDs are signed.", "Give --bundle or --endpoint.");
  await openClient().put(`/trust-domains/${encodeURIComponent(name)}`, {
    ...(bundle === undefined ? {} : { bundle: bundleIn(bundle) }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(endpointId === undefined ? {} : { endpoint_spiffe_id: endpointId }),
  });
  say.line(`${green("✓")} SVIDs of ${bold(visible(name))} are taken, by its own bundle alone.`);
}

function bundleIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new Trouble(
      `${file} holds no bundle.`,
      "Give the JSON that the other side's operators handed over.",
    );
  }
}

async function show(): Promise<void> {
  const { trust_domain, sequence, updated, keys } = await openClient().get<Authority>("/spiffe/authority");
  say.line(`${bold(visible(trust_domain))}: bundle ${sequence} of ${timeOf(updated)}`);
  const rows = keys.map(({ purpose, state, activates, held, certificate, kid }) => [
    purpose,
    state,
    timeOf(activates),
    certificate === undefined ? "" : timeOf(certificate.expires),
    held ? "PKCS #11" : "file",
    certificate?.issuer ?? "",
    kid,
  ]);
  say.line(
    table([["PURPOSE", "STATE", "SIGNS FROM", "CERTIFICATE ENDS", "HELD IN", "ISSUER", "KEY"], ...rows]),
  );
}

const timeOf = (instant: number): string => `${new Date(instant).toISOString().slice(0, 16)}Z`;
