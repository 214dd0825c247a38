import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { denseStack } from "../blocks/dense_stack.js";
import { dropout } from "../blocks/dropout.js";
import { asChannels, flatten } from "../blocks/shape.js";
import { svdfLayer } from "../blocks/svdf.js";
import type { Architecture } from "../model.js";
import { activationName, dropoutRate, flag, perLayer, requireEqualLengths, units, whole } from "../options.js";

const name = "kws_streaming/svdf";

const schema = v.strictObject({
  /** Frames that the filters of each layer remember. */
  svdfMemorySize: v.optional(perLayer(whole(1, 4096)), [4, 10, 10, 10, 10, 10]),
  /** Filters of each layer. */
  svdfUnits1: v.optional(perLayer(units), [256, 256, 256, 256, 256, 256]),
  /** Activation of each layer. */
  svdfAct: v.optional(perLayer(activationName), ["relu", "relu", "relu", "relu", "relu", "relu"]),
  /** Width of the projection behind each layer; -1 or 0: none. */
  svdfUnits2: v.optional(perLayer(whole(-1, 16_384)), [128, 128, 128, 128, 128, -1]),
  /** Dropout of each layer's input; it does not rescale. */
  svdfDropout: v.optional(perLayer(dropoutRate), [0, 0, 0, 0, 0, 0]),
  /** Zeros before the clip, so that no layer shortens it. */
  svdfPad: v.optional(flag, false),
  /** Dropout before the fully connected layers. */
  dropout1: v.optional(dropoutRate, 0),
  /** Width of each fully connected layer. */
  units2: v.optional(perLayer(units), []),
  /** Activation of each fully connected layer. */
  act2: v.optional(perLayer(activationName), []),
});

/** kws_streaming's single value decomposition filter network (Rybakov et al. 2020, arXiv 2005.06720). */
export const svdf: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Layers that filter each frame, then the time of each filter, with linear projections between; flattened, fully connected layers. Options are the flags of the original. Rybakov et al. 2020, arXiv 2005.06720; SVDF: Nakkiran et al. 2015.",
  schema,
  build(options, { frames, features, labels }) {
    const { svdfMemorySize, svdfUnits1, svdfAct, svdfUnits2, svdfDropout, units2, act2 } = options;
    requireEqualLengths(name, { svdfMemorySize, svdfUnits1, svdfAct, svdfUnits2, svdfDropout });
    requireEqualLengths(name, { units2, act2 });
    const builder = new GraphBuilder("svdf");
    let x = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const [i, width] of svdfUnits1.entries()) {
      x = svdfLayer(builder, `layers.${i}`, x, {
        units: width,
        memory: svdfMemorySize[i] as number,
        activation: svdfAct[i] ?? "linear",
        projection: Math.max(0, svdfUnits2[i] as number),
        pad: options.svdfPad,
        dropout: svdfDropout[i] as number,
      });
    }
    x = dropout(builder, flatten(builder, x), options.dropout1);
    x = denseStack(builder, "hidden", x, units2, act2);
    builder.output("logits", denseLayer(builder, "classifier", x, labels));
    return builder.finish();
  },
};
