import type { Architecture, ZooModel } from "../model.js";
import { bodyPhones } from "../blocks/phrase_paths.js";
import { phoneFrontend } from "./phone_frontend.js";
import { phraseNet } from "./phrase_net.js";

/** earshot's own networks. */
export const earshotArchitectures = [phraseNet] as unknown as readonly Architecture[];

/** Own words start from this one; it is published nowhere else. */
export const earshotModels: readonly ZooModel[] = [
  {
    name: "phone_net",
    architecture: "earshot/phrase_net",
    family: "earshot",
    documentation: "The phone in the middle of 0.55 s: what spotters of somebody's own words start from",
    options: { head: "phone", kernels: [3, 3, 3, 3, 3, 3, 3, 3], dilations: [1, 2, 1, 2, 1, 2, 1, 2], dropout: 0.1 },
    frontend: phoneFrontend,
    samples: 8800,
    shape: { frames: 53, features: 53, labels: bodyPhones.length },
    published: { source: "models/phones.md", accuracy: "" },
  },
];
