/**
 * DOCKER_CLI_PLUGIN_SOCKET (docker/cli cli-plugins/socket): docker holds a connection open while the plugin should run. It closes
 * the connection to pass on a Ctrl-C that the terminal did not send to the plugin.
 */
import { connect } from "node:net";

const VARIABLE = "DOCKER_CLI_PLUGIN_SOCKET";

/** @param cancel called once when docker closes the connection, and never if there was none */
export function onDockerDisconnect(env: Readonly<Record<string, string | undefined>>, cancel: () => void): void {
  const address = env[VARIABLE];
  if (address === undefined || address === "") return;
  // Linux's abstract socket names start with a null byte, which Go writes as an @.
  const socket = connect({ path: address.startsWith("@") ? `\0${address.slice(1)}` : address });
  // The socket does not keep the process alive.
  socket.unref();
  let connected = false;
  socket.on("connect", () => (connected = true));
  // The data is not used, but only a socket that is read reports its end.
  socket.resume();
  socket.on("error", () => {});
  socket.on("close", () => {
    if (connected) cancel();
  });
}
