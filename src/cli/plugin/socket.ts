/**
 * DOCKER_CLI_PLUGIN_SOCKET (docker/cli cli-plugins/socket): docker holds a connection open as long as it wants the plugin to go
 * on. Its end is docker's way to pass on a Ctrl-C that the terminal has not sent to us as well.
 */
import { connect } from "node:net";

const VARIABLE = "DOCKER_CLI_PLUGIN_SOCKET";

/** @param cancel called at most once, when docker lets go; not when the socket was never there */
export function whenDockerLetsGo(env: Readonly<Record<string, string | undefined>>, cancel: () => void): void {
  const address = env[VARIABLE];
  if (address === undefined || address === "") return;
  // Go writes Linux's abstract names with an @, the system with a null byte.
  const socket = connect({ path: address.startsWith("@") ? `\0${address.slice(1)}` : address });
  // Nothing waits for docker: the process ends when its own work is done.
  socket.unref();
  let connected = false;
  socket.on("connect", () => (connected = true));
  // What comes over it is nobody's business; reading it is how its end is seen.
  socket.resume();
  socket.on("error", () => {});
  socket.on("close", () => {
    if (connected) cancel();
  });
}
