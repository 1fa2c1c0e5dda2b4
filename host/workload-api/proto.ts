import { fileURLToPath } from "node:url";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const API = fileURLToPath(new URL("../../api", import.meta.url));

/** Names as they are written, every field present, bytes as they are. */
const FORM = { keepCase: true, defaults: true, longs: String, enums: String, includeDirs: [API] };

/** A service as a contract in `api/` describes it. */
export function serviceOf(files: readonly string[], name: string): ServiceDefinition {
  const found = loadSync([...files], FORM)[name];
  if (found === undefined || "format" in found)
    throw new TypeError(`${files.join(", ")}: no service ${name}`);
  return found as ServiceDefinition;
}
