import { z } from "zod";
import { isLocal } from "../../http/index.ts";

/** Visible characters of ASCII, compared as they are. */
export const visible = (least: number, most: number) =>
  z
    .string()
    .regex(new RegExp(`^[!-~]{${least},${most}}$`), `Use ${least} to ${most} visible ASCII characters.`);

/** An address as it is compared: absolute, without query, fragment and password; over http on this machine only. */
export const plainUrl = z
  .string()
  .max(300)
  .refine(isPlainUrl, "This is no https URL without a query, a fragment and a password.");

function isPlainUrl(written: string): boolean {
  if (!URL.canParse(written) || /[?#\s]/.test(written)) return false;
  const url = new URL(written);
  return (url.protocol === "https:" || isLocal(url)) && url.username === "" && url.password === "";
}
