import type { Command } from "commander";
import { openClient } from "./client.ts";
import { digestOf, read, readSignatures } from "./gate.ts";
import { bold, faint, green, Misuse, say, table, visible, yellow } from "./say.ts";

interface Signer {
  readonly name: string;
  readonly kind: string;
  readonly purposes: readonly string[];
  readonly fingerprint: string;
}

interface Statement {
  readonly kind: string;
  readonly signer: string;
  readonly counts: boolean;
  readonly builder?: string;
}

interface Trusted {
  readonly for: string;
  readonly key?: string;
  readonly ca?: string;
  readonly identity?: string;
  readonly trustedRoot?: string;
  readonly issuer?: string;
  readonly san?: string;
  readonly builder: readonly string[];
}

const collected = (value: string, before: readonly string[]): readonly string[] => [...before, value];
const place = (...parts: string[]): string => parts.map((part) => `/${encodeURIComponent(part)}`).join("");

/** `signers`, `images`, `artifacts`, `clusters`, `attestations`: what agents are made of, and who vouches for it. */
export function artifactCommands(program: Command): void {
  signerCommands(program);
  imageCommands(program);
  program
    .command("artifacts <agent>")
    .description("show what every copy of an agent must be made of; with a file, declare it anew")
    .option("-f, --file <json>", "the declaration; the agent must then prove itself again")
    .action(artifacts);
  clusterCommands(program);
  attestationCommands(program);
}

function signerCommands(program: Command): void {
  const signers = program
    .command("signers")
    .description("list whose signatures are taken")
    .action(listSigners);
  signers
    .command("trust <name>")
    .description("take somebody's signatures: by a key, a certificate's name, or a Sigstore identity")
    .requiredOption("--for <purposes>", "image, provenance, model, bom; with commas")
    .option("--key <pem>", "a file with the public key")
    .option("--ca <pem>", "a file with the authorities' certificates")
    .option("--identity <name>", "with --ca: the URI or DNS name in the signer's certificate, exactly")
    .option("--trusted-root <json>", "a Sigstore trusted_root.json")
    .option("--issuer <url>", "with --trusted-root: who signed the signer in, exactly")
    .option("--san <name>", "with --trusted-root: who the signer is, exactly")
    .option(
      "--builder <id=level>",
      "of provenance: a builder it speaks for, and its SLSA level",
      collected,
      [],
    )
    .action(trust);
  signers
    .command("remove <name>")
    .description("take a signer's word no more")
    .action(async (name: string) => {
      await openClient().delete(`/attestation/signers${place(name)}`);
      say.line(`${green("✓")} what ${bold(visible(name))} has signed counts no more`);
    });
}

async function listSigners(): Promise<void> {
  const { items } = await openClient().get<{ items: Signer[] }>("/attestation/signers");
  if (items.length === 0) return say.line("Nobody's signatures are taken yet: `countersign signers trust`.");
  const rows = items.map(({ name, kind, purposes, fingerprint }) => [
    name,
    kind,
    purposes.join(", "),
    fingerprint.slice(0, 16),
  ]);
  say.line(table([["NAME", "BY", "FOR", "FINGERPRINT"], ...rows]));
}

async function trust(name: string, options: Trusted): Promise<void> {
  const body = {
    purposes: options.for.split(",").map((purpose) => purpose.trim()),
    trust: trustIn(options),
    builders: options.builder.map(builderIn),
  };
  const { fingerprint } = await openClient().put<Signer>(`/attestation/signers${place(name)}`, body);
  say.line(`${green("✓")} ${bold(visible(name))} is trusted for ${visible(options.for)}`);
  say.line(`  ${faint(fingerprint)}`);
}

function trustIn({ key, ca, identity, trustedRoot, issuer, san }: Trusted): object {
  const said = [key, ca, trustedRoot].filter((each) => each !== undefined).length;
  if (said !== 1) throw new Misuse("Say one of --key, --ca and --trusted-root.");
  if (key !== undefined) return { kind: "key", key: read(key).toString("utf8") };
  if (ca !== undefined) {
    if (identity === undefined) throw new Misuse("Say whose certificate it is, with --identity.");
    return { kind: "certificate", ca: read(ca).toString("utf8"), identity };
  }
  if (issuer === undefined || san === undefined) throw new Misuse("Pin both, with --issuer and --san.");
  return {
    kind: "sigstore",
    trusted_root: JSON.parse(read(trustedRoot ?? "").toString("utf8")),
    issuer,
    san,
  };
}

function builderIn(said: string): object {
  const at = said.lastIndexOf("=");
  return { id: said.slice(0, at), level: Number(said.slice(at + 1)) };
}

function imageCommands(program: Command): void {
  const images = program.command("images").description("what is known of images");
  images
    .command("bring <image> <bundle...>")
    .description("bring signatures and provenance of an image, as Sigstore bundles")
    .option("--manifest <file>", "the image's manifest, where a signature is over it")
    .action(async (image: string, files: string[], { manifest }: { manifest?: string }) => {
      const bundles = files.flatMap(readSignatures);
      const more = manifest === undefined ? {} : { manifest: read(manifest).toString("base64") };
      const body = { digest: digestOf(image), bundles, ...more };
      printStatements(await openClient().post<{ items: Statement[] }>("/attestation/images", body));
    });
  images
    .command("show <image>")
    .description("show what is on record of an image, and whether it counts now")
    .action(async (image: string) =>
      printStatements(await openClient().get(`/attestation/images${place(digestOf(image))}`)),
    );
}

function printStatements({ items }: { items: Statement[] }): void {
  for (const { kind, signer, counts, builder } of items) {
    const how = builder === undefined ? "" : ` from ${visible(builder)}`;
    say.line(`${counts ? green("✓") : yellow("–")} ${visible(kind)} by ${bold(visible(signer))}${how}`);
  }
}

async function artifacts(agent: string, { file }: { file?: string }): Promise<void> {
  const client = openClient();
  const path = `/agents${place(agent)}/artifacts`;
  if (file === undefined) {
    const { artifacts: declared } = await client.get<{ artifacts: object }>(path);
    return say.json(declared);
  }
  await client.put(path, JSON.parse(read(file).toString("utf8")));
  say.line(`${green("✓")} declared; ${bold(visible(agent))} must prove itself again`);
}

function clusterCommands(program: Command): void {
  const clusters = program
    .command("clusters")
    .description("list the clusters whose API servers may ask before they start pods")
    .action(async () => {
      const { items } = await openClient().get<{ items: { name: string }[] }>("/attestation/clusters");
      for (const { name } of items) say.line(visible(name));
      if (items.length === 0) say.line("No clusters ask yet: `countersign clusters admit <name>`.");
    });
  clusters
    .command("admit <name>")
    .description("give a cluster's admission webhook its address, shown once; an earlier one is dead")
    .action(async (name: string) => {
      const { url } = await openClient().put<{ url: string }>(`/attestation/clusters${place(name)}`, {});
      say.line(url);
    });
  clusters
    .command("remove <name>")
    .description("let a cluster ask no more")
    .action(async (name: string) => {
      await openClient().delete(`/attestation/clusters${place(name)}`);
      say.line(`${green("✓")} ${bold(visible(name))} may ask no more`);
    });
}

interface Attestation {
  readonly id: string;
  readonly subject: string;
  readonly at: number;
  readonly concluded: string;
}

function attestationCommands(program: Command): void {
  const attestations = program
    .command("attestations")
    .description("list the evidence of attestations")
    .option("--agent <name>", "of this agent's copies alone")
    .action(async ({ agent }: { agent?: string }) => {
      const query = agent === undefined ? "" : `?agent=${encodeURIComponent(agent)}`;
      const { items } = await openClient().get<{ items: Attestation[] }>(`/attestations${query}`);
      const rows = items.map(({ id, subject, at }) => [id, new Date(at).toISOString(), subject]);
      say.line(rows.length === 0 ? "No attestations yet." : table([["ID", "AT", "OF"], ...rows]));
    });
  attestations
    .command("show <id>")
    .description("show what was checked and what was concluded")
    .action(async (id: string) => say.json(await openClient().get(`/attestations${place(id)}`)));
  attestations
    .command("vsa <id>")
    .description("print the signed verification summaries (SLSA VSA) of an attestation, one a line")
    .action(async (id: string) => {
      const { summaries } = await openClient().get<{ summaries: object[] }>(`/attestations${place(id)}/vsa`);
      for (const summary of summaries) say.line(JSON.stringify(summary));
    });
}
