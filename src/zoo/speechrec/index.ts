import { frontendPreset } from "../../frontend/presets.js";
import type { Architecture, ZooModel } from "../model.js";
import { mobilenetV2 } from "./mobilenetv2.js";
import { resnet18 } from "./resnet18.js";
import { shufflenetV2 } from "./shufflenetv2.js";

/** SpeechRec's three networks. */
export const speechrecArchitectures = [resnet18, mobilenetV2, shufflenetV2] as unknown as readonly Architecture[];

function published(name: string, title: string, parameters: string): ZooModel {
  return {
    name,
    architecture: `speechrec/${name}`,
    family: "speechrec",
    documentation: `SpeechRec ${title}`,
    options: {},
    frontend: frontendPreset("speechrec"),
    shape: { frames: 32, features: 40, labels: 12 },
    published: { source: "SpeechRec, README", accuracy: "", parameters },
  };
}

/** SpeechRec's three networks as published; no accuracy is. */
export const speechrecModels: readonly ZooModel[] = [
  published("resnet18", "ResNet-18", "11.18M"),
  published("mobilenetv2", "MobileNetV2, a 32nd of its width", "0.06M"),
  published("shufflenetv2", "ShuffleNetV2 0.5x", "0.35M"),
];
