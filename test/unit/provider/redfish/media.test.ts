import fc from "fast-check";
import { RedfishError } from "../../../../provider/redfish/errors";
import { sameImage } from "../../../../provider/redfish/media";
import { firstPayload, nextPayload, type Payload, protocolOf } from "../../../../provider/redfish/media-payload";
import { traitsOf } from "../../../../provider/redfish/quirks";
import { messagesOf } from "../../../../provider/redfish/messages";

const image = "http://h/a.iso";
const refusal = (text = "", related: string[] = [], args: string[] = []) =>
  new RedfishError("refused", "x", {
    endpoint: "https://bmc",
    messages: messagesOf({
      error: {
        "@Message.ExtendedInfo": [{ MessageId: "X", Message: text, RelatedProperties: related, MessageArgs: args }],
      },
    }),
  });

describe("first payloads", () => {
  it.each([
    ["of the standard", {}, { Image: image, Inserted: true, WriteProtected: true }],
    ["of Supermicro (quirk 43)", { traits: traitsOf("supermicro") }, { Image: image }],
    [
      "of AMI (quirk 67)",
      { traits: traitsOf("ami") },
      { Image: image, Inserted: true, WriteProtected: true, UserName: "", Password: "" },
    ],
    [
      "of what ActionInfo knows",
      { parameters: ["Image", "TransferProtocolType"], protocols: ["HTTP", "NFS"] },
      { Image: image, TransferProtocolType: "HTTP" },
    ],
    [
      "of a PATCH (quirk 56)",
      { patch: true, traits: traitsOf("lenovo") },
      { Image: image, Inserted: true, WriteProtected: true },
    ],
  ])("%s", (_, hints, expected) =>
    expect(firstPayload({ image }, { traits: {}, patch: false, ...hints })).toEqual(expected),
  );

  it("hold credentials when there are any", () =>
    expect(firstPayload({ image, username: "u", password: "p" }, { traits: {}, patch: false })).toMatchObject({
      UserName: "u",
      Password: "p",
    }));
});

describe("payloads after a refusal", () => {
  const standard: Payload = { Image: image, Inserted: true, WriteProtected: true };
  const after = (payload: Payload, error: RedfishError) =>
    nextPayload(payload, { image }, error, new Set([JSON.stringify(payload)]));

  it.each([
    ["drop what is named as unknown", refusal("unknown", ["#/WriteProtected"]), { Image: image, Inserted: true }],
    [
      "drop what is named in the arguments (quirk 70)",
      refusal("unknown", [], ["Inserted", "InsertMedia"]),
      { Image: image, WriteProtected: true },
    ],
    [
      "add what is named as missing (quirk 71)",
      refusal("TransferProtocolType is missing"),
      { ...standard, TransferProtocolType: "HTTP" },
    ],
    [
      "add credentials that are missing (quirk 67)",
      refusal("", [], ["UserName", "Password"]),
      { ...standard, UserName: "", Password: "" },
    ],
    ["get shorter when nothing is named", refusal(), { Image: image, Inserted: true }],
  ])("%s", (_, error, expected) => expect(after(standard, error)).toEqual(expected));

  it("are finite, all different, and all hold the image", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            "Inserted",
            "WriteProtected",
            "TransferProtocolType",
            "TransferMethod",
            "UserName",
            "Nonsense",
          ),
        ),
        (names) => {
          const tried = new Set<string>();
          let payload: Payload | undefined = standard;
          while (payload) {
            expect(tried.has(JSON.stringify(payload))).toBe(false);
            expect(payload.Image).toBe(image);
            tried.add(JSON.stringify(payload));
            payload = nextPayload(payload, { image }, refusal("", names), tried);
          }
          expect(tried.size).toBeLessThan(40);
        },
      ),
    );
  });
});

it.each([
  ["http://h/a.iso", "HTTP"],
  ["https://h/a.iso", "HTTPS"],
  ["nfs://h/a.iso", "NFS"],
  ["smb://h/a.iso", "CIFS"],
  ["//h/share/a.iso", "CIFS"],
  ["h:/share/a.iso", "NFS"],
])("the protocol of %s is %s", (url, protocol) => expect(protocolOf(url)).toBe(protocol));

it.each([
  ["http://h/a.iso", "http://h/a.iso", true],
  ["HTTP://H/a.iso", "http://h/a.iso", true],
  ["h/a.iso", "http://h/a.iso", true],
  ["http://h:80/a.iso", "http://h/a.iso", true],
  ["a.iso", "http://h/dir/a.iso", true],
  ["/dir/a.iso", "http://h/dir/a.iso", true],
  ["http://h/b.iso", "http://h/a.iso", false],
  ["http://h:8080/a.iso", "http://h:9090/a.iso", false],
  ["iso", "http://h/a.iso", false],
  [undefined, "http://h/a.iso", false],
])("%s shown for %s is the same image: %s (quirk 28)", (shown, wanted, same) =>
  expect(sameImage(shown, wanted)).toBe(same),
);
