/** Packs a directory and sends it to a receiving pod, like a build. Usage: ship-context.ts NAMESPACE POD DIRECTORY */
import { connect } from "../../src/lib/kube/connect.ts";
import { packContext } from "../../src/pack/pack.ts";
import { MARKER } from "../../src/plan/layout.ts";
import { deliverByStream } from "../../src/ship/stream.ts";

const [namespace, pod = "", root = "."] = process.argv.slice(2);
const { signal } = new AbortController();
const packed = packContext({
  root,
  ignoreFile: undefined,
  prefix: "context/",
  extra: [],
  level: 1,
  marker: MARKER,
  onNote: ({ path, reason }) => process.stderr.write(`${path}: ${reason}\n`),
  signal,
});
const cluster = await connect({ namespace });
const { ship } = deliverByStream(() => packed, { image: "", user: 0, group: 0 });
await ship?.({ cluster, pod, emit: () => {}, signal });
await cluster.close();
