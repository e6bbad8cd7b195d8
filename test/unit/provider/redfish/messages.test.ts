import fc from "fast-check";
import { errorOf, RedfishError, redact, secretsIn } from "../../../../provider/redfish/errors";
import { clean, messagesOf, mostSevere } from "../../../../provider/redfish/messages";
import type { Body, ErrorKind } from "../../../../provider/redfish/types";

const error = (status: number, body: Body, secrets: string[] = []) =>
  errorOf({ endpoint: "https://bmc", method: "PATCH", path: "/x", status, body }, secrets);
const entry = (MessageId: string, more: Body = {}) => ({ MessageId, Message: `text of ${MessageId}`, ...more });
const wrapped = (...entries: unknown[]): Body => ({ error: { "@Message.ExtendedInfo": entries } });

describe("messages", () => {
  it.each([
    ["a list in error", wrapped(entry("A"), entry("B")), ["A", "B"]],
    ["an object in error", { error: { "@Message.ExtendedInfo": entry("A") } }, ["A"]],
    ["a list at the top", { "@Message.ExtendedInfo": [entry("A")] }, ["A"]],
    ["a task's Messages", { Messages: [entry("A")] }, ["A"]],
    ["code and message", { error: { code: "A", message: "x" } }, ["A"]],
    ["a string", { error: "x" }, [""]],
    ["MessageID in other letters", wrapped({ MessageID: "A" }), ["A"]],
    ["rubbish among them", wrapped(null, 1, {}, entry("A")), ["A"]],
    ["nothing", {}, []],
  ])("are found in %s", (_, body, ids) => expect(messagesOf(body).map(({ messageId }) => messageId)).toEqual(ids));

  it.each([
    [
      "the critical one",
      [entry("A", { Severity: "Warning" }), entry("B", { Severity: "Critical" }), entry("C", { Severity: "OK" })],
      "B",
    ],
    [
      "MessageSeverity before Severity",
      [entry("A", { MessageSeverity: "OK", Severity: "Critical" }), entry("B", { Severity: "Warning" })],
      "B",
    ],
    [
      "the specific before the general",
      [entry("Base.1.0.GeneralError", { Severity: "Critical" }), entry("B", { Severity: "Critical" })],
      "B",
    ],
    ["the first of equals", [entry("A"), entry("B")], "A"],
    [
      "anything before success",
      [entry("Base.1.0.Success", { Severity: "Critical" }), entry("B", { Severity: "Warning" })],
      "B",
    ],
    ["one without severity before a warning", [entry("A", { Severity: "Warning" }), entry("B")], "B"],
  ])("the worst is %s", (_, entries, id) => expect(mostSevere(messagesOf(wrapped(...entries)))?.messageId).toBe(id));

  it("never throw on any body", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.anything()),
        fc.anything(),
        fc.integer({ min: 300, max: 599 }),
        (body, info, status) => {
          const made = error(status, { ...body, error: { "@Message.ExtendedInfo": info } });
          expect(made).toBeInstanceOf(RedfishError);
          expect(made.message).not.toMatch(/[\r\n]/);
        },
      ),
    );
  });
});

describe("errors", () => {
  it("are one line that names BMC, request, reason, code, property and what to do", () => {
    const body = wrapped(
      entry("Base.1.8.PropertyValueNotInList", {
        Message: "The value Foo is not in the list.",
        MessageArgs: ["Foo", "Boot/Target"],
        RelatedProperties: ["#/Boot/Target"],
        Resolution: "Choose another.",
        Severity: "Warning",
      }),
    );
    const made = error(400, body);
    expect(made.message).toBe(
      "https://bmc: PATCH /x answered 400: The value Foo is not in the list (Base.1.8.PropertyValueNotInList) [#/Boot/Target]; Choose another",
    );
    expect(made).toMatchObject({
      kind: "refused",
      status: 400,
      messageId: "Base.1.8.PropertyValueNotInList",
      messageArgs: ["Foo", "Boot/Target"],
    });
    expect(made.namedProperties).toEqual(["Target", "Foo", "Target"]);
  });

  it.each([
    [400, "Base.1.0.X", "refused"],
    [401, "Base.1.0.X", "auth"],
    [403, "Base.1.0.X", "auth"],
    [403, "SMC.1.0.OemLicenseNotPassed", "license"],
    [400, "Base.1.18.LicenseRequired", "license"],
    [400, "Base.1.0.InsufficientPrivilege", "auth"],
    [403, "Base.1.0.PasswordChangeRequired", "auth"],
    [400, "iLO.2.14.UnauthorizedLoginAttempt", "auth"],
    [400, "IDRAC.2.8.SYS518", "busy"],
    [404, "Base.1.0.X", "notFound"],
    [405, "Base.1.0.X", "refused"],
    [408, "Base.1.0.X", "timeout"],
    [409, "Base.1.0.X", "conflict"],
    [410, "Base.1.0.X", "notFound"],
    [412, "Base.1.0.X", "conflict"],
    [428, "Base.1.0.X", "conflict"],
    [429, "Base.1.0.X", "busy"],
    [500, "Base.1.0.X", "busy"],
    [501, "Base.1.0.X", "refused"],
    [503, "Base.1.0.X", "busy"],
    [504, "Base.1.0.X", "timeout"],
    [302, "Base.1.0.X", "protocol"],
  ] as [number, string, ErrorKind][])("%i with %s is %s", (status, id, kind) =>
    expect(error(status, wrapped(entry(id))).kind).toBe(kind),
  );

  it("say that a password must be changed first", () => {
    expect(error(403, wrapped(entry("Base.1.8.PasswordChangeRequired"))).message).toContain(
      "must change its password first",
    );
  });

  it("never hold a secret, wherever a BMC echoes it", () => {
    const secret = fc
      .string({ minLength: 4, maxLength: 40 })
      .filter(
        (text) =>
          text.trim().length >= 4 &&
          !"https://bmc: PATCH /x answered 400: check username and password; text of A".includes(text),
      );
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (password, before, after) => {
        const echo = `${before}${password}${after}`;
        const made = error(
          400,
          wrapped({ MessageId: "A", Message: echo, MessageArgs: [echo], RelatedProperties: [echo], Resolution: echo }),
          [password],
        );
        const held = [
          ...made.messages.flatMap((message) => [
            message.message,
            ...message.messageArgs,
            ...message.relatedProperties,
            message.resolution ?? "",
          ]),
        ];
        expect(held.some((text) => text.includes(password))).toBe(
          "[redacted]".includes(password) || `${before}[redacted]${after}`.includes(password),
        );
      }),
    );
  });

  it("find secrets in bodies by their names", () => {
    const body = {
      UserName: "u",
      Password: "p1",
      NewPassword: "p2",
      Oem: { X: [{ AuthToken: "t" }] },
      Attributes: { SetupPassword: "p3", Name: "n" },
      Empty: { Password: "" },
    };
    expect(secretsIn(body).sort()).toEqual(["p1", "p2", "p3", "t"]);
    expect([secretsIn(undefined), secretsIn("x"), secretsIn(null)]).toEqual([[], [], []]);
  });

  it("redact short secrets only where they stand alone", () => {
    expect(redact("abc", ["abc"])).toBe("[redacted]");
    expect(redact("an abc book", ["abc"])).toBe("an abc book");
    expect(redact("an abcd book", ["abcd"])).toBe("an [redacted] book");
    expect(redact("text", [""])).toBe("text");
  });

  it("clean texts of markup and control characters", () => {
    expect(clean("<p>a\u0007\r\n b.</p>")).toBe("a b");
  });
});
