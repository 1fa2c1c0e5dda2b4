/** For tests only: how an authority looks whether a name is whose it is said to be. */
import "reflect-metadata";
import { get } from "node:http";
import { connect } from "node:tls";
import * as peculiar from "@peculiar/x509";

/** What a connection for the challenge shows, as RFC 8737 §3 has it looked at. */
export function digestByAlpn(port: number, name: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { port, host: "127.0.0.1", servername: name, ALPNProtocols: ["acme-tls/1"] };
    const socket = connect({ ...options, rejectUnauthorized: false }, () => {
      const der = socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0);
      const protocol = socket.alpnProtocol;
      socket.destroy();
      resolve(protocol === "acme-tls/1" ? digestIn(der, name) : "another protocol");
    });
    socket.on("error", (error) => resolve(String((error as NodeJS.ErrnoException).code)));
  });
}

function digestIn(der: Buffer, name: string): string {
  const certificate = new peculiar.X509Certificate(Uint8Array.from(der));
  const said = certificate.getExtension("1.3.6.1.5.5.7.1.31");
  if (namesIn(certificate.extensions) !== `dns:${name}`) return "another name";
  if (said?.critical !== true) return "no digest";
  const value = Buffer.from(said.value);
  return value.subarray(0, 2).equals(Buffer.from("0420", "hex"))
    ? value.subarray(2).toString("hex")
    : "unreadable";
}

export function namesIn(extensions: readonly peculiar.Extension[]): string {
  const found = extensions.filter((each) => each instanceof peculiar.SubjectAlternativeNameExtension);
  return found.flatMap(({ names }) => names.items.map(({ type, value }) => `${type}:${value}`)).join();
}

export function textByHttp(port: number, name: string, token: string, method = "GET"): Promise<string> {
  const path = token.startsWith("/") ? token : `/.well-known/acme-challenge/${token}`;
  return new Promise((resolve, reject) => {
    const options = { port, host: "127.0.0.1", path, method, headers: { host: name }, agent: false };
    get(options, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      resolve(answer.statusCode === 200 ? Buffer.concat(chunks).toString() : String(answer.statusCode));
    }).on("error", reject);
  });
}
