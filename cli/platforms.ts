import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { AS_JSON, definitionOf, FILE, numberOf, pairOf, readDefinition } from "./definition.ts";
import { read } from "./gate.ts";
import { bold, green, Misuse, say, table, visible } from "./say.ts";

interface Platform {
  name: string;
  definition: {
    preset: string;
    issuer: string;
    audience: string;
    jwks?: object;
    jwks_uri?: string;
    review?: { url: string };
  };
}

interface Rule {
  platform: string;
  agent: string;
  claims: Record<string, string>;
}

interface Put {
  file?: string;
  preset?: string;
  issuer?: string;
  audience?: string;
  longest?: string;
  algorithm?: string[];
  jwks?: string;
  jwksUri?: string;
  ca?: string;
  reviewUrl?: string;
  reviewCa?: string;
  reviewToken?: string;
}

/** `platforms`: pipelines, clusters and clouds that vouch for what runs on them, and for whom their tokens stand. */
export function platformCommands(program: Command): void {
  const platforms = program
    .command("platforms")
    .description("pipelines, clusters and clouds that vouch for agents without a host");
  platforms
    .command("list", { isDefault: true })
    .description("list those whose word is taken")
    .option(...AS_JSON)
    .action(list);
  platforms
    .command("show <name>")
    .description("how its tokens are taken, and the audience that they must be for")
    .action(async (name: string) => say.json(await openClient().get(pathOf(name))));
  defining(platforms);
  platforms
    .command("remove <name>")
    .description("take its word no more: its rules are gone, and everything that rests on it is dead")
    .action(remove);
  ruling(platforms);
}

function defining(platforms: Command): void {
  platforms
    .command("put <name>")
    .description("take its word, as a whole: any change ends what rested on it before")
    .option("--preset <kind>", "kubernetes, github, gitlab, gcp, azure, aws, or oidc for any other issuer")
    .option("--issuer <url>", "as its tokens name it, exactly; it never changes")
    .option("--audience <text>", "what its tokens must be for; made up and told where nothing is said")
    .option("--longest <seconds>", "the longest life of a token that is taken")
    .option("--algorithm <name...>", "what may sign its tokens")
    .option("--jwks <file>", "its keys, where they cannot be fetched")
    .option("--jwks-uri <url>", "where its keys are, where its metadata does not say")
    .option("--ca <pem>", "who signs the certificate of where they are")
    .option("--review-url <url>", "of a cluster: its API server, asked whether a token still holds")
    .option("--review-ca <pem>", "who signs the API server's certificate")
    .option("--review-token <file>", "holds the token of a service account that may create tokenreviews")
    .option(...FILE)
    .addHelpText("after", EXAMPLE)
    .action(put);
}

function ruling(platforms: Command): void {
  platforms
    .command("rules <agent>")
    .description("what tokens of which platforms must say to stand for an agent")
    .option(...AS_JSON)
    .action(rules);
  platforms
    .command("bind <platform> <agent>")
    .description(
      "say what its tokens must say, each claim exactly, to stand for an agent; in place of before",
    )
    .option("--claim <name=value...>", "one claim, such as repository_id=74")
    .option("-f, --file <file>", "the claims instead: YAML or JSON, under `claims`")
    .action(bind);
  platforms
    .command("unbind <platform> <agent>")
    .description("its tokens stand for an agent no more: what they were issued is dead")
    .action(unbind);
}

const EXAMPLE = `
Example:
  countersign platforms put builds --preset github --issuer https://token.actions.githubusercontent.com
  countersign platforms bind builds release-agent \\
    --claim repository_id=74 repository_owner_id=65 environment=production`;

const pathOf = (name: string): string => `/attestation/platforms/${encodeURIComponent(name)}`;
const rulePath = (agent: string, platform?: string): string =>
  `/agents/${encodeURIComponent(agent)}/platforms${platform === undefined ? "" : `/${encodeURIComponent(platform)}`}`;

async function list({ json = false }: { json?: boolean }): Promise<void> {
  const items = await allOf<Platform>("/attestation/platforms");
  if (json) return say.json(items);
  if (items.length === 0)
    return say.line("No platform's word is taken yet: countersign platforms put --help");
  const rows = items.map(({ name, definition }) => [
    name,
    definition.preset,
    keysOf(definition),
    definition.issuer,
  ]);
  say.line(table([["NAME", "KIND", "JUDGED BY", "ISSUER"], ...rows]));
}

function keysOf({ jwks, jwks_uri, review }: Platform["definition"]): string {
  const keys = jwks !== undefined ? "given keys" : jwks_uri !== undefined ? "jwks_uri" : undefined;
  if (review === undefined) return keys ?? "metadata";
  return keys === undefined ? "review" : `${keys}, review`;
}

async function put(name: string, { file, ...flags }: Put): Promise<void> {
  const definition = definitionOf(file, {
    preset: flags.preset,
    issuer: flags.issuer,
    audience: flags.audience,
    longest: numberOf(flags.longest, "the seconds"),
    algorithms: flags.algorithm,
    jwks: flags.jwks === undefined ? undefined : readDefinition(flags.jwks),
    jwks_uri: flags.jwksUri,
    ca: flags.ca === undefined ? undefined : read(flags.ca).toString("utf8"),
    review: reviewOf(flags),
  });
  const { definition: taken } = await openClient().put<Platform>(pathOf(name), definition);
  say.line(`${green("✓")} the word of ${bold(visible(name))} (${visible(taken.issuer)}) is taken`);
  say.line(`  its tokens must be for  ${visible(taken.audience)}`);
  say.line(
    `  they stand for an agent by a rule: countersign platforms bind ${visible(name)} <agent> --claim …`,
  );
}

/** The token by its file: on a command line everybody on the machine could read it. */
function reviewOf({
  reviewUrl: url,
  reviewCa: ca,
  reviewToken: token,
}: Omit<Put, "file">): object | undefined {
  if (url === undefined && ca === undefined && token === undefined) return undefined;
  if (url === undefined || token === undefined)
    throw new Misuse("A review needs --review-url and --review-token.", "Say both, or leave all three out.");
  return {
    url,
    ...(ca === undefined ? {} : { ca: read(ca).toString("utf8") }),
    token: read(token).toString("utf8").trim(),
  };
}

async function remove(name: string): Promise<void> {
  await openClient().delete(pathOf(name));
  say.line(`${green("✓")} the word of ${bold(visible(name))} is taken no more; what rested on it is dead`);
}

async function rules(agent: string, { json = false }: { json?: boolean }): Promise<void> {
  const { items } = await openClient().get<{ items: Rule[] }>(rulePath(agent));
  if (json) return say.json(items);
  if (items.length === 0)
    return say.line(
      `No platform's tokens stand for ${visible(agent)} yet: countersign platforms bind --help`,
    );
  const rows = items.flatMap(({ platform, claims }) =>
    Object.entries(claims).map(([name, value], i) => [i === 0 ? platform : "", name, value]),
  );
  say.line(table([["PLATFORM", "CLAIM", "EXACTLY"], ...rows]));
}

async function bind(
  platform: string,
  agent: string,
  { claim, file }: { claim?: string[]; file?: string },
): Promise<void> {
  const said = definitionOf(file, { claims: claim && claimsOf(claim) });
  const { claims } = await openClient().put<Rule>(rulePath(agent, platform), said);
  say.line(`${green("✓")} tokens of ${bold(visible(platform))} stand for ${bold(visible(agent))} that say`);
  for (const [name, value] of Object.entries(claims)) say.line(`  ${visible(name)} = ${visible(value)}`);
}

function claimsOf(said: readonly string[]): Record<string, string> {
  const pairs = said.map((each) => pairOf(each, "<claim>=<value>"));
  const twice = pairs.find(([name], i) => pairs.findIndex(([other]) => other === name) !== i);
  if (twice !== undefined)
    throw new Misuse(`The claim ${twice[0]} is said twice.`, "Tokens say each once: name one value.");
  return Object.fromEntries(pairs);
}

async function unbind(platform: string, agent: string): Promise<void> {
  await openClient().delete(rulePath(agent, platform));
  say.line(
    `${green("✓")} tokens of ${bold(visible(platform))} stand for ${bold(visible(agent))} no more; what they were issued is dead`,
  );
}
