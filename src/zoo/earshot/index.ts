import { frontendPreset } from "../../frontend/presets.js";
import type { Architecture, ZooModel } from "../model.js";
import { bodyPhones } from "../blocks/phrase_paths.js";
import { phraseNet } from "./phrase_net.js";

/** earshot's own networks. */
export const earshotArchitectures = [phraseNet] as unknown as readonly Architecture[];

/** Own words start from this one; it is published nowhere else. */
export const earshotModels: readonly ZooModel[] = [
  {
    name: "phone_net",
    architecture: "earshot/phrase_net",
    family: "earshot",
    documentation: "The phone in the middle of 0.43 s: what spotters of somebody's own words start from",
    options: { head: "phone", dropout: 0.1 },
    frontend: { ...frontendPreset("log_mel_4k"), scale: 0.04, offset: -2.5 } as ZooModel["frontend"],
    samples: 6880,
    shape: { frames: 41, features: 40, labels: bodyPhones.length },
    published: { source: "models/phones.md", accuracy: "" },
  },
];
