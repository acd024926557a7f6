import { userInfo } from "node:os";

/** Who builds, as this machine knows them; empty where a container's user has no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}
