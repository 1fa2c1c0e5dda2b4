/**
 * The peer: oidc-provider with its store in memory, doing the same work: client credentials by a signed
 * assertion, a DPoP proof, a JWT access token for one resource. `provider.ts PORT CLIENTS`, where CLIENTS is a
 * file with `[{client_id, jwk}]`.
 */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const [port = "", file = ""] = process.argv.slice(2);
const clients = JSON.parse(readFileSync(file, "utf8")) as { client_id: string; jwk: object }[];
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const provider = new Provider(`http://localhost:${port}`, {
  clients: clients.map(({ client_id, jwk }) => ({
    client_id,
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: "private_key_jwt" as const,
    token_endpoint_auth_signing_alg: "ES256" as const,
    id_token_signed_response_alg: "ES256" as const,
    jwks: { keys: [jwk] },
  })),
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "k1", alg: "ES256", use: "sig" }] },
  features: {
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        scope: "",
        audience: resource,
        accessTokenFormat: "jwt",
        accessTokenTTL: 300,
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});
provider.on("server_error", (_context, error) => console.error(error));
provider.listen(Number(port), "127.0.0.1");
process.once("SIGTERM", () => process.exit(0));
