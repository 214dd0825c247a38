import type { CompatSystem } from "../program.js";

/** The programs of ARM's Hello Edge package. */
export const mlKws: CompatSystem = {
  name: "ml-kws",
  summary: "ARM's Hello Edge package",
  programs: {},
};
