import type { AccountArgs } from "../../resources/redfish/account";
import type { CheckFailure } from "../kit/handler";
import { Checker, checkConnection, isUnknown, notAllowed } from "./check";

/** What is wrong with the arguments of an Account beyond their types. Passwords are never shown. */
export function checkAccount(args: AccountArgs): CheckFailure[] {
  const checker = new Checker();
  checkConnection(checker, args.connection);
  checker.judge("userName", args.userName, (name) => {
    if (name === "") return "is empty; name the account";
    if (/[\s:@/\\\u0000-\u001f]/.test(name)) return notAllowed(name, "it has no blanks and none of : @ / \\");
    return name.length > 64 ? notAllowed(name, "it has at most 64 characters") : undefined;
  });
  for (const name of ["password", "factoryPassword"] as const) {
    checker.judge(name, args[name], (value) => {
      if (value === "") return "is empty; set one, or leave it out";
      return /[\u0000-\u001f\u007f]/.test(value)
        ? "holds a control character, such as a line break at its end; remove it"
        : undefined;
    });
  }
  checker.judge("role", args.role, (role) =>
    /^[\w.-]+$/.test(role)
      ? undefined
      : notAllowed(role, "it is Administrator, Operator, ReadOnly, or the Id of a role of the BMC"),
  );
  const login = args.connection && !isUnknown(args.connection) ? args.connection.username : undefined;
  if (args.enabled === false && login !== undefined && login === args.userName) {
    checker.fail(
      "enabled",
      notAllowed(false, "the account logs in by itself; manage it through another account to disable it"),
    );
  }
  return checker.failures;
}
