/** A TCP connection that a pod makes: `nc` in one of its containers, with the client's end here. */
import { Duplex, PassThrough } from "node:stream";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { ClusterError } from "../../errors.ts";

/** The container that makes the connection. */
export interface TunnelEnd {
  readonly cluster: Pick<Cluster, "exec">;
  readonly pod: string;
  readonly container: string;
}

/** Returns at once; a host that cannot be reached is an error of the stream. @param signal ends the connection. */
export function dialFromPod(
  { cluster, pod, container }: TunnelEnd,
  host: string,
  port: number,
  signal: AbortSignal,
): Duplex {
  const own = new AbortController();
  const out = new PassThrough();
  let errors = "";
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      if (out.write(chunk)) done();
      else out.once("drain", () => done());
    },
    final(done) {
      out.end(done);
    },
    destroy(error, done) {
      own.abort(new Error("the connection was closed"));
      out.destroy();
      done(error);
    },
  });
  const run = async (): Promise<void> => {
    const { exitCode } = await cluster.exec(
      pod,
      container,
      ["nc", host, String(port)],
      {
        stdin: out as AsyncIterable<Uint8Array>,
        closeToEnd: true,
        stdout: (chunk) => void stream.push(Buffer.from(chunk)),
        stderr: (chunk) => void (errors += Buffer.from(chunk).toString()),
      },
      AbortSignal.any([signal, own.signal]),
    );
    if (exitCode !== 0 && exitCode !== undefined) throw new Unreached(host, port, errors, exitCode);
    stream.push(null);
  };
  // A failure is the stream's error, unless the stream was closed here.
  run().catch((error: Error) => stream.destroy(own.signal.aborted ? undefined : error));
  // The user of the connection gets the error; without a listener it would end the process.
  stream.on("error", () => {});
  return stream;
}

/** The pod could not connect to a host. */
export class Unreached extends ClusterError {
  /** Standard error of nc, or of the runtime that tried to start it. */
  readonly reported: string;

  constructor(host: string, port: number, reported: string, exitCode: number) {
    const why = reported.trim().replace(/^nc: /, "");
    super(`no connection to ${host}:${port}: ${why === "" ? `nc exited with ${exitCode}` : why}`);
    this.reported = reported;
  }
}
