/** A TCP connection that a pod makes: `nc` in one of its containers, with our end of it here. */
import { Duplex, PassThrough } from "node:stream";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { ClusterError } from "../../errors.ts";

export interface Mouth {
  readonly cluster: Pick<Cluster, "exec">;
  readonly pod: string;
  readonly container: string;
}

/** Opened at once; that the host cannot be reached is an error of the stream. @param signal ends it. */
export function dialFromPod(
  { cluster, pod, container }: Mouth,
  host: string,
  port: number,
  signal: AbortSignal,
): Duplex {
  const own = new AbortController();
  const out = new PassThrough();
  let said = "";
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
        stderr: (chunk) => void (said += Buffer.from(chunk).toString()),
      },
      AbortSignal.any([signal, own.signal]),
    );
    if (exitCode !== 0 && exitCode !== undefined) throw new Unreached(host, port, said, exitCode);
    stream.push(null);
  };
  // What goes wrong is the stream's error, unless it was we who closed it.
  run().catch((error: Error) => stream.destroy(own.signal.aborted ? undefined : error));
  // It has its say in what is made of the connection.
  stream.on("error", () => {});
  return stream;
}

/** The pod got no connection to a host. */
export class Unreached extends ClusterError {
  /** What nc, or the runtime that was to start it, wrote to its standard error. */
  readonly said: string;

  constructor(host: string, port: number, said: string, exitCode: number) {
    const why = said.trim().replace(/^nc: /, "");
    super(`no connection to ${host}:${port}: ${why === "" ? `nc ended with ${exitCode}` : why}`);
    this.said = said;
  }
}
