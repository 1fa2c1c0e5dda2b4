/** What is true of a process, as far as the kernel, the machine's runtime and its files can show it. */
export { attestProcess, type Measure } from "./attest-process.ts";
export type {
  Attested,
  DeclaredFile,
  MeasuredFile,
  MeasuredModel,
  Wanted,
  WorthReading,
} from "./attested.ts";
export type { Image } from "./image.ts";
export { imagesOf } from "./images-of.ts";
