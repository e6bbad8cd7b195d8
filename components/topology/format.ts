/** Lower-case RFC 1123 label of at most 63 characters: host names, names of servers, racks, zones and classes. */
export const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What `NAME` allows, for error messages. */
export const NAME_RULE =
  "use lowercase letters, digits and hyphens, at most 63, beginning and ending with a letter or digit";

const MAC = /^([0-9a-f]{2})([:-]?)([0-9a-f]{2})(\2[0-9a-f]{2}){4}$/i;

/** `aa:bb:cc:dd:ee:ff` from any of the usual spellings; undefined when it is no unicast MAC address. */
export function parseMac(text: string): string | undefined {
  if (!MAC.test(text)) return undefined;
  const digits = text.toLowerCase().replace(/[:-]/g, "");
  if (parseInt(digits.slice(0, 2), 16) % 2 === 1 || /^0+$/.test(digits)) return undefined;
  return digits.match(/../g)!.join(":");
}

/** An OpenSSH public key as in `authorized_keys`, without options: type, base64, optional comment. */
export function isPublicKey(text: string): boolean {
  const [type, body, ...comment] = text.trim().split(/[ \t]+/);
  if (
    !/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/.test(
      type,
    )
  )
    return false;
  if (text.includes("\n") || !body || !/^[A-Za-z0-9+/]+={0,2}$/.test(body) || comment.length > 16) return false;
  const blob = Buffer.from(body, "base64");
  return (
    blob.length > 4 + type.length &&
    blob.readUInt32BE(0) === type.length &&
    blob.toString("latin1", 4, 4 + type.length) === type
  );
}

/** The endpoint of a BMC as the Redfish client wants it: scheme and host, no path; undefined when it cannot be one. */
export function parseEndpoint(text: string): string | undefined {
  const written = /^[a-z]+:\/\//i.test(text) ? text : `https://${bracketed(text)}`;
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    return undefined;
  }
  const clean = url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  if (!clean || !/^https?:$/.test(url.protocol) || /\s/.test(text)) return undefined;
  return `${url.protocol}//${url.host}`;
}

/** An absolute http or https URL. */
export function parseUrl(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.hostname ? url : undefined;
  } catch {
    return undefined;
  }
}

function bracketed(host: string): string {
  return host.includes(":") && host.split(":").length > 2 && !host.startsWith("[") ? `[${host}]` : host;
}
