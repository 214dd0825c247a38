import { type Command, InvalidArgumentError } from "commander";
import type { DetectionRule } from "../detect/detector.js";
import type { Listener, ListeningForm } from "../measure/listener.js";
import { commaList, realNumber } from "./arguments.js";

/** Options of commands that look for keywords in a long sound. */
export interface DetectionArguments {
  threshold?: number;
  thresholds?: Map<string, number>;
  keywords?: string[];
  smoothing?: number;
  refractory?: number;
  form?: ListeningForm;
  hop?: number;
}

/** Adds the options. */
export function addDetectionOptions(command: Command): Command {
  return command
    .option(
      "--threshold <p>",
      "smoothed probability from which on a keyword is heard (default: the model's, else 0.8)",
      realNumber(0, 1),
    )
    .option("--thresholds <list>", "other thresholds for single labels, as yes=0.7,no=0.9", thresholdList)
    .option("--keywords <list>", "labels to listen for, with commas (default: all but silence and unknown)", commaList)
    .option(
      "--smoothing <s>",
      "seconds over which probabilities are averaged (default: the model's, else 0.2)",
      realNumber(0, 10),
    )
    .option("--refractory <s>", "seconds without another detection after one (default: the model's, else 1)", realNumber(0, 60))
    .addOption(
      command
        .createOption(
          "--form <name>",
          "how a long sound is heard: context or window, the forms of 'earshot stream', or clip: the whole clip model at every hop " +
            "(default: context where the model was trained for it or pads nothing, else window; clip for .tflite)",
        )
        .choices(["context", "window", "clip"]),
    )
    .option("--hop <s>", "seconds between two looks at the sound; makes the form clip (there: 0.02)", realNumber(0.001, 1));
}

function thresholdList(text: string): Map<string, number> {
  const entries = commaList(text).map((item) => {
    const [, label, value] = /^(.+)=([^=]+)$/.exec(item) ?? [];
    if (label === undefined || value === undefined || !(Number(value) >= 0 && Number(value) <= 1))
      throw new InvalidArgumentError(`'${item}' is not a label with a probability, such as yes=0.7.`);
    return [label, Number(value)] as const;
  });
  return new Map(entries);
}

/** The rule that the options give for a model. Throws UsageError for labels that it does not have. */
export async function ruleFor(
  { labels, rule }: Pick<Listener, "labels" | "rule">,
  options: DetectionArguments,
): Promise<DetectionRule> {
  const { keywordsOf, thresholdsFor } = await import("../detect/detector.js");
  const keywords = keywordsOf(labels, options.keywords);
  const { usualRule } = await import("../measure/listening_rule.js");
  const common = options.threshold ?? rule.threshold ?? usualRule.threshold;
  const smoothing = options.smoothing ?? rule.smoothing ?? usualRule.smoothing;
  const refractory = options.refractory ?? rule.refractory ?? usualRule.refractory;
  return { thresholds: thresholdsFor(keywords, common, options.thresholds), smoothing, refractory };
}
