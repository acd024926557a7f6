/** What a flag means that is given without a value: pflag's NoOptDefVal, of which oclif knows nothing. */
import { OWN_NAMESPACE } from "../pod/options.ts";

export const WITHOUT_VALUE: Readonly<Record<string, string>> = { isolate: OWN_NAMESPACE };
