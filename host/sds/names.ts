/** The type of every resource here, as Envoy names it. */
export const SECRET_TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/** What Envoy may ask for without knowing any SPIFFE ID. */
export const DEFAULT_SVID = "default";
export const OWN_BUNDLE = "ROOTCA";
export const ALL_BUNDLES = "ALL";
