import { X509Certificate } from "node:crypto";
import { refuse } from "../http/errors";
import type { Exchange, Route } from "../http/exchange";
import type { JsonObject } from "../json";
import { collection, resource } from "./common";

/** A collection of certificates that the BMC or the firmware trusts. */
export function certificateRoutes(path: string, store: (x: Exchange) => Map<string, string> | undefined): Route[] {
  return [
    {
      pattern: path,
      get: (x) => {
        const certificates = store(x);
        return (
          certificates &&
          collection(
            "Certificate",
            x.path,
            "Certificate Collection",
            [...certificates.keys()].map((id) => `${x.path}/${id}`),
          )
        );
      },
      post: (x) => {
        const certificates = store(x);
        if (!certificates) throw refuse(404, "ResourceMissingAtURI", x.path);
        const { CertificateString: pem, CertificateType: type } = x.body;
        if (typeof pem !== "string") throw refuse(400, "PropertyMissing", "CertificateString");
        if (type !== "PEM") throw refuse(400, "PropertyValueNotInList", JSON.stringify(type), "CertificateType");
        if (!parse(pem)) throw refuse(400, "PropertyValueFormatError", "the text", "CertificateString");
        const id = String(1 + Math.max(0, ...[...certificates.keys()].map(Number)));
        certificates.set(id, pem);
        const location = `${x.path}/${id}`;
        return { status: 201, headers: { Location: location }, body: certificateResource(location, id, pem) };
      },
    },
    {
      pattern: `${path}/:certificate`,
      get: (x) => {
        const id = x.params.certificate ?? "";
        const pem = store(x)?.get(id);
        return pem === undefined ? undefined : certificateResource(x.path, id, pem);
      },
      delete: (x) => {
        if (!store(x)?.delete(x.params.certificate ?? "")) throw refuse(404, "ResourceMissingAtURI", x.path);
        return { status: 204 };
      },
    },
  ];
}

function certificateResource(path: string, id: string, pem: string): JsonObject {
  const parsed = parse(pem);
  return resource("Certificate", path, id, "Certificate", {
    CertificateString: pem,
    CertificateType: "PEM",
    ...(parsed ? { Fingerprint: parsed.fingerprint256, FingerprintHashAlgorithm: "TPM_ALG_SHA256" } : {}),
  });
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
