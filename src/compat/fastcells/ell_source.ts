import { open } from "node:fs/promises";
import { UserError } from "../../base/errors.js";
import { systemReason } from "../../base/system_error.js";
import { loadModel } from "../../formats/model_file.js";
import { buildFrontend } from "../../frontend/frontend.js";
import { type EllModule, ellFeaturizer, ellNetwork } from "../../targets/c/ell_module.js";
import { type Featurizer, readFeaturizer } from "./featurizer_file.js";

/**
 * A featurizer of make_featurizer or a model of train_classifier in C.
 * @param module begins every symbol
 * @param name of the function that computes
 * @throws UserError where the file is neither, or the names are none of C
 */
export async function ellSource(path: string, module: string, name: string): Promise<EllModule> {
  if ((await firstByte(path)) === "{") {
    const featurizer = await readFeaturizer(path);
    const { frontend, rate } = featurizer;
    // On a device no hop is thrown away; a clip of one hop is all that is cut into frames.
    const graph = buildFrontend({ ...frontend, skippedHops: 0 }, { samples: frontend.inputBufferSize, rate });
    return ellFeaturizer(graph, frontend.autoScale, { module, function: name, metadata: metadataOf(featurizer) });
  }
  const model = await loadModel(path);
  return ellNetwork(model, { module, function: name, metadata: {} });
}

/** What a featurizer says about itself, under the names of ELL's make_featurizer. */
function metadataOf({ rate, frontend }: Featurizer): Record<string, string> {
  const flags = Object.entries({
    auto_scale: frontend.autoScale,
    iir: frontend.iir,
    log: frontend.log,
    dct: frontend.dct,
  }).filter(([, isSet]) => isSet);
  return {
    sample_rate: String(rate),
    window_size: String(frontend.windowSize),
    input_buffer_size: String(frontend.inputBufferSize),
    filterbank_type: frontend.filterbankType,
    filterbank_size: String(frontend.filterbankSize),
    num_filters: String(frontend.filterbankSize),
    ...Object.fromEntries(flags.map(([name]) => [name, "true"])),
  };
}

async function firstByte(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(1), 0, 1, 0);
      return bytesRead === 0 ? "" : String.fromCharCode(buffer[0] as number);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new UserError(
      `${path}: cannot be read: ${systemReason(error)}; give the file that make_featurizer or train_classifier left`,
      {
        cause: error,
      },
    );
  }
}
