import type { CompatSystem } from "../program.js";

/** The programs of SpeechRec. */
export const speechRec: CompatSystem = {
  name: "speechrec",
  summary: "SpeechRec",
  programs: {},
};
