import { HostRefusal } from "../peer/refusal.ts";
import type { DeclaredFile, MeasuredFile } from "./attested.ts";
import { digestOf } from "./digest.ts";
import { type Inside, openInside } from "./inside.ts";

/** Prompts, tool lists, settings, lockfiles, scripts: 64 MiB each is plenty. Weights are measured elsewhere. */
export const LARGEST_FILE = 64 << 20;

/** Measures a file that an agent declares, as its process would read it now. @throws HostRefusal */
export async function measureFile(inside: Inside, declared: DeclaredFile): Promise<MeasuredFile> {
  const { file } = await openInside(inside, declared.path);
  try {
    const { sha256 } = await digestOf(file, LARGEST_FILE);
    return { path: declared.path, role: declared.role, sha256 };
  } catch (error) {
    throw error instanceof HostRefusal ? of(declared.path, error) : error;
  } finally {
    await file.close();
  }
}

const of = (path: string, { code, message, remedy }: HostRefusal): HostRefusal =>
  new HostRefusal(code, `${path}: ${message}`, remedy);
