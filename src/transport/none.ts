/** Nothing travels: no volume, no container that receives, no exec. The builder fetches its context itself. */
import type { Delivery } from "./transport.ts";

export const NO_DELIVERY: Delivery = { transport: "none", form: "none" };
