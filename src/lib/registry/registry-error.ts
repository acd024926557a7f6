import { ClusterError } from "../../errors.ts";
import { TokenRefused } from "./authorization.ts";

/** A registry could not be reached, or refused a request. */
export class RegistryError extends ClusterError {
  /** The reason, as the end of a sentence: the message of node or of the pod if there was no answer. */
  readonly reason: string;
  /** HTTP status, if the registry or its token service answered. */
  readonly status: number | undefined;

  constructor(registry: string, reason: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(`registry ${registry} did not answer: ${reason}`, { cause });
    this.reason = reason;
    this.status = status ?? (cause instanceof TokenRefused ? cause.status : undefined);
  }

  /** Whether the credentials or their rights were not accepted. */
  get unauthorised(): boolean {
    return this.status === 401 || this.status === 403;
  }
}
