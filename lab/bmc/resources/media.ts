import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Dialect } from "../dialects/dialect";
import { RedfishError, refuse } from "../http/errors";
import type { Exchange, Reply, Route } from "../http/exchange";
import type { Json, JsonObject } from "../json";
import type { Drive } from "../media";
import { carryOut, checkLicence, collection, parameters, patch, paths, resource, set } from "./common";
import { certificateRoutes } from "./certificates";

type View = Dialect["media"]["views"][number];

/** Milliseconds that the server of an image has to answer. */
const PROBE_MS = 5_000;

const INSERT_PARAMETERS = {
  Image: "string",
  Inserted: "boolean",
  WriteProtected: "boolean",
  UserName: "string",
  Password: "string",
  TransferMethod: "string",
  TransferProtocolType: "string",
} as const;

/** Virtual drives, in every place where the vendor shows them. */
export function mediaRoutes(dialect: Dialect): Route[] {
  return dialect.media.views.flatMap((view) => viewRoutes(dialect, view));
}

function viewRoutes(dialect: Dialect, view: View): Route[] {
  const owner = paths(dialect.ids)[view.at];
  const all = `${owner}/VirtualMedia`;
  const shown = (id: string | undefined) => view.members.find((member) => member.id === id);
  const driveOf = (x: Exchange): Drive | undefined => {
    const member = shown(x.params.drive);
    return member && !x.bmc.spec.mediaUnconfigured ? x.bmc.media.drives.get(member.slot) : undefined;
  };
  const one: Pick<Route, "get"> = {
    get: (x) => {
      const member = shown(x.params.drive);
      const drive = driveOf(x);
      return member && drive && driveResource(dialect, x.path, member, drive);
    },
  };
  const required = (x: Exchange): Drive => {
    const drive = driveOf(x);
    if (!drive) throw refuse(404, "ResourceMissingAtURI", x.path);
    return drive;
  };
  return [
    {
      pattern: all,
      get: ({ bmc }) =>
        collection(
          "VirtualMedia",
          all,
          "Virtual Media Collection",
          bmc.spec.mediaUnconfigured ? [] : view.members.map((member) => `${all}/${member.id}`),
        ),
    },
    {
      pattern: `${all}/:drive`,
      get: one.get,
      patch: (x) => {
        const drive = required(x);
        return patch(x, one, {
          WriteProtected: set.flag("WriteProtected", (value) => void (drive.writeProtected = value)),
          VerifyCertificate: set.flag("VerifyCertificate", (value) => void (drive.verifyCertificate = value)),
        });
      },
    },
    { pattern: `${all}/:drive/Actions/VirtualMedia.InsertMedia`, action: true, post: (x) => insert(x, required(x)) },
    { pattern: `${all}/:drive/Actions/VirtualMedia.EjectMedia`, action: true, post: (x) => eject(x, required(x)) },
    ...(dialect.media.certificates
      ? certificateRoutes(`${all}/:drive/Certificates`, (x) => driveOf(x)?.certificates)
      : []),
  ];
}

function driveResource(dialect: Dialect, path: string, member: View["members"][number], drive: Drive): JsonObject {
  const action = (name: string) => ({ [`#VirtualMedia.${name}`]: { target: `${path}/Actions/VirtualMedia.${name}` } });
  return resource("VirtualMedia", path, member.id, member.name, {
    MediaTypes: member.mediaTypes,
    Image: drive.image ?? null,
    ImageName: drive.image === undefined ? null : (drive.image.split("/").at(-1) ?? null),
    Inserted: drive.inserted,
    ConnectedVia: drive.inserted ? "URI" : "NotConnected",
    WriteProtected: drive.writeProtected,
    UserName: drive.username ?? null,
    Password: null,
    TransferMethod: drive.transferMethod ?? null,
    TransferProtocolType: drive.transferProtocol ?? null,
    VerifyCertificate: drive.verifyCertificate,
    ...(dialect.media.certificates ? { Certificates: { "@odata.id": `${path}/Certificates` } } : {}),
    Actions: {
      ...action("InsertMedia"),
      ...(dialect.media.ejectOnlyWhenInserted && !drive.inserted ? {} : action("EjectMedia")),
    },
  });
}

async function insert(x: Exchange, drive: Drive): Promise<Reply> {
  const action = "VirtualMedia.InsertMedia";
  const rules = x.bmc.dialect.media;
  checkLicence(x.bmc);
  const given = parameters(x, action, INSERT_PARAMETERS, ["Image"]);
  const refused = rules.refusedParameters.find((name) => name in given);
  if (refused) throw refuse(400, "ActionParameterNotSupported", refused, action);
  const image = String(given.Image);
  const protocol = checkImage(x, image, given.TransferProtocolType ?? null);
  if (drive.busyUntil > Date.now() && rules.ejectBusy)
    throw new RedfishError(rules.ejectBusy.status, [rules.ejectBusy.message]);
  if (drive.inserted && rules.insertedAlready) {
    throw new RedfishError(rules.insertedAlready.status, [rules.insertedAlready.message]);
  }
  if (x.bmc.spec.probesMedia && !(await reachable(image))) {
    const { status, message } = rules.unreachable(image);
    throw new RedfishError(status, [message]);
  }
  const medium = {
    image,
    username: text(given.UserName),
    password: text(given.Password),
    writeProtected: given.WriteProtected !== false,
    transferMethod: text(given.TransferMethod) ?? "Stream",
    transferProtocol: protocol,
  };
  const put = () => {
    x.bmc.media.insert(drive.slot.id, medium);
    if (given.Inserted === false) drive.inserted = false;
  };
  return carryOut(x, "Insert Media", put, rules.asynchronous);
}

function eject(x: Exchange, drive: Drive): Reply {
  const { media } = x.bmc.dialect;
  parameters(x, "VirtualMedia.EjectMedia", {});
  if (!drive.inserted && media.nothingInserted) {
    throw new RedfishError(media.nothingInserted.status, [media.nothingInserted.message]);
  }
  const busyMs = media.ejectBusy ? x.bmc.timings.ejectMs : 0;
  return carryOut(x, "Eject Media", () => x.bmc.media.eject(drive.slot.id, busyMs), media.asynchronous);
}

/** The protocol of a good image address. */
function checkImage(x: Exchange, image: string, protocol: Json): string {
  const action = "VirtualMedia.InsertMedia";
  const scheme = /^([a-z]+):\/\/[^/]+\/./i.exec(image)?.[1]?.toUpperCase();
  const known = ["HTTP", "HTTPS", "NFS", "CIFS"];
  if (protocol !== null && !known.includes(String(protocol))) {
    throw refuse(400, "ActionParameterValueNotInList", String(protocol), "TransferProtocolType", action);
  }
  if ((!scheme || !known.includes(scheme)) && protocol === null) {
    throw refuse(400, "ActionParameterValueFormatError", image, "Image", action);
  }
  if (x.bmc.dialect.media.refusesImage(image) !== undefined) {
    throw refuse(400, "ActionParameterValueFormatError", image, "Image", action);
  }
  return typeof protocol === "string" ? protocol : (scheme ?? "HTTP");
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether the image's server has the image. Certificates are not checked here: the boot does that. */
function reachable(url: string): Promise<boolean> {
  if (!/^https?:/i.test(url)) return Promise.resolve(true);
  const send = url.toLowerCase().startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const options = { method: "HEAD", timeout: PROBE_MS, rejectUnauthorized: false, agent: false };
    const request = send(url, options, (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 400);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.end();
  });
}
