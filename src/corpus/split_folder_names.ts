import type { Split } from "./clip.js";

/** How the folders of a set split by folders may be called. */
export const splitFolderNames: readonly Readonly<Record<Split, string>>[] = [
  { training: "training", validation: "validation", testing: "testing" },
  { training: "train", validation: "valid", testing: "test" },
];
