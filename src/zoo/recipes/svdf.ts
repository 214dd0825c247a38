import type { ZooModel } from "../model.js";
import { kwsStreamingRecipe } from "./kws_streaming.js";
import type { PublishedRecipe } from "./recipe.js";

/** kws_streaming's svdf, page "quantized_12_labels": 96.0 %. */
export function svdfRecipe(model: ZooModel): PublishedRecipe {
  return {
    ...kwsStreamingRecipe(model),
    schedule: { kind: "piecewise", rates: [0.001, 0.0005, 0.0001, 0.00002], steps: [20_000, 20_000, 20_000, 20_000] },
  };
}
