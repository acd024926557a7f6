import { ClusterError } from "../../errors.ts";
import { TokenRefused } from "./authorization.ts";

/** A registry could not be asked, or did not give what it was asked for. */
export class RegistryError extends ClusterError {
  /** Why, as the end of a sentence: node's or the pod's own words where there was no answer. */
  readonly reason: string;
  /** Of HTTP, where the registry or its token service has answered. */
  readonly status: number | undefined;

  constructor(registry: string, reason: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(`registry ${registry} did not answer: ${reason}`, { cause });
    this.reason = reason;
    this.status = status ?? (cause instanceof TokenRefused ? cause.status : undefined);
  }

  /** Who one is, or what one may do, was not accepted. */
  get unauthorised(): boolean {
    return this.status === 401 || this.status === 403;
  }
}
