/** The error of a step that did not fail: the build was stopped while it ran. BuildKit has the same word for it. */
export const CANCELED = "canceled";
