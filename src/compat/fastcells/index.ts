import type { CompatSystem } from "../program.js";

/** The programs of EdgeML FastCells and the ELL tools. */
export const fastcells: CompatSystem = {
  name: "fastcells",
  summary: "EdgeML FastCells and the ELL tools",
  programs: {},
};
