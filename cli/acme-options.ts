import type { Command } from "commander";
import { from } from "./place.ts";
import { Trouble } from "./say.ts";

/** What is said of the authority that certifies this server, where `--tls acme` is. */
export interface AcmeOptions {
  tls?: "spiffe" | "acme";
  acmeDirectory?: string;
  acmeEmail?: string;
  acmeAgree?: boolean;
  acmeEabKid?: string;
  acmeEabKeyFile?: string;
  acmeCa?: string;
  acmeHttpPort?: string;
}

export function acmeOptions(command: Command): Command {
  return command
    .addOption(
      from(
        "--acme-directory <url>",
        "whose certificate, with --tls acme (default: Let's Encrypt)",
        "COUNTERSIGN_ACME_DIRECTORY",
      ),
    )
    .addOption(from("--acme-email <address>", "where it may write to", "COUNTERSIGN_ACME_EMAIL"))
    .option("--acme-agree", "you have read its terms and agree (env: COUNTERSIGN_ACME_AGREE=true)")
    .addOption(
      from("--acme-eab-kid <name>", "the account that it knows you by already", "COUNTERSIGN_ACME_EAB_KID"),
    )
    .addOption(
      from(
        "--acme-eab-key-file <file>",
        "that account's key, in base64url, in a file of mode 600",
        "COUNTERSIGN_ACME_EAB_KEY_FILE",
      ),
    )
    .addOption(
      from("--acme-ca <file>", "the root of the directory's own certificate, PEM", "COUNTERSIGN_ACME_CA"),
    )
    .addOption(
      from(
        "--acme-http-port <port>",
        "prove the name by HTTP-01 on this port (default: by TLS-ALPN-01 where everything is served)",
        "COUNTERSIGN_ACME_HTTP_PORT",
      ),
    );
}

/** The settings of `--tls acme`; nothing without it. @throws Trouble */
export function acmeOf(options: AcmeOptions) {
  const said = Object.entries(options).some(
    ([name, value]) => name.startsWith("acme") && value !== undefined,
  );
  if (options.tls !== "acme") {
    if (said) throw new Trouble("Something is said of ACME, and it is not asked for.", "Give --tls acme.");
    return {};
  }
  const { acmeDirectory: directory, acmeEmail: email, acmeCa: ca, acmeHttpPort } = options;
  return {
    tls: {
      acme: {
        agreed: options.acmeAgree === true || process.env.COUNTERSIGN_ACME_AGREE === "true",
        ...(directory === undefined ? {} : { directory }),
        ...(email === undefined ? {} : { email }),
        ...(ca === undefined ? {} : { ca }),
        ...(acmeHttpPort === undefined ? {} : { httpPort: httpPortOf(acmeHttpPort) }),
        ...eabOf(options),
      },
    },
  };
}

function eabOf({ acmeEabKid: kid, acmeEabKeyFile: keyFile }: AcmeOptions) {
  if (kid === undefined && keyFile === undefined) return {};
  if (kid !== undefined && keyFile !== undefined) return { eab: { kid, keyFile } };
  throw new Trouble(
    "An account's name and its key go together.",
    "Give --acme-eab-kid and --acme-eab-key-file.",
  );
}

function httpPortOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Trouble(`${text} is not a port.`, "Give a number from 1 to 65535 with --acme-http-port.");
}
