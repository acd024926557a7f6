import { userInfo } from "node:os";

/** Name of the current user on this machine; "" if the user has none, as in some containers. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}
