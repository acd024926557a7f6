/** Whose plugin slipway can be. */
export const HOSTS = ["docker", "kubectl", "compose"] as const;

export type Host = (typeof HOSTS)[number];
