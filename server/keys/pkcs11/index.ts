/** Keys that an HSM holds, by PKCS #11. Loaded only where one is named. */
export { type Pkcs11Options, readPkcs11Options } from "./options.ts";
export { openPkcs11, Pkcs11Module } from "./pkcs11-module.ts";
