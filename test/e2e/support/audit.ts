/** What an account asked of the API server, by the cluster's audit log. */
import { open } from "node:fs/promises";
import { environment } from "./build.ts";

export interface Audited {
  readonly auditID: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

/** The size of the log in bytes. */
export async function auditSize(): Promise<number> {
  await using log = await open(environment("CLUSTER_AUDIT_LOG"));
  return (await log.stat()).size;
}

/** Requests of the account `slipway` of a namespace, in that namespace. @param start a byte of the log */
export async function auditedSince(start: number, namespace: string): Promise<Audited[]> {
  await using log = await open(environment("CLUSTER_AUDIT_LOG"));
  const { size } = await log.stat();
  const { buffer } = await log.read(Buffer.alloc(size - start), 0, size - start, start);
  return buffer
    .toString()
    .split("\n")
    .filter((line) => line.includes(`system:serviceaccount:${namespace}:slipway`) && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Audited)
    .filter(({ objectRef }) => objectRef?.namespace === namespace);
}
