import { idOf, located, parseId } from "../../../../provider/handlers/ids";

const example = "https://bmc1.example.com/redfish/v1/Systems/1";

describe("ids", () => {
  it("are read back as they were written", () => {
    const id = idOf({ endpoint: "BMC:8443" }, "/redfish/v1/Systems/1/", "Boot");
    expect(id).toBe("https://bmc:8443/redfish/v1/Systems/1#Boot");
    expect(parseId(id, example)).toEqual({
      endpoint: "https://bmc:8443",
      path: "/redfish/v1/Systems/1",
      fragment: "Boot",
    });
  });

  it("name the path, and the connection names the BMC, which may have moved", () => {
    const connection = { endpoint: "https://new" };
    expect(located("https://old/redfish/v1/Systems/1", example, { inputs: { connection } })).toMatchObject({
      connection,
      path: "/redfish/v1/Systems/1",
    });
    expect(located("https://old/redfish/v1/Systems/1", example, {})).toMatchObject({
      connection: { endpoint: "https://old" },
    });
  });

  it.each([
    "",
    "Systems/1",
    "https://bmc",
    "https://bmc/",
    "https://bmc/redfish/../etc",
    "ftp://bmc/redfish/v1",
    "https://u:hush@bmc/redfish/v1/Systems/1",
  ])("are refused: %j", (id) => {
    const failure = (() => {
      try {
        return `read as ${JSON.stringify(parseId(id, example))}`;
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(failure).toMatch(/is no id: .*write it as https:/);
    expect(failure).not.toMatch(/hush/);
  });
});
