/** A context small enough for a ConfigMap: nothing to wait for, no exec right, no websocket. */
import { ARCHIVE_FILE, CONTEXT_VOLUME } from "../plan/layout.ts";
import type { Delivery } from "./transport.ts";

/**
 * Largest archive, in bytes, sent this way. The API server takes 1 MiB of decoded data in a ConfigMap
 * (k8s.io/kubernetes pkg/apis/core: MaxSecretSize) and etcd 1.5 MiB in a request; this leaves room and keeps etcd small.
 */
export const CONFIGMAP_LIMIT = 768 * 1024;

export function deliverByConfigMap(archive: Uint8Array, configMap: string): Delivery {
  return {
    transport: "configmap",
    form: "archive",
    volume: {
      name: CONTEXT_VOLUME,
      configMap: { name: configMap, items: [{ key: ARCHIVE_FILE, path: ARCHIVE_FILE }] },
    },
    binaryData: {
      [ARCHIVE_FILE]: Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength).toString("base64"),
    },
  };
}
