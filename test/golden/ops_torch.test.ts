import { goldenSuite } from "./golden_suite.js";

const weighted = "PyTorch weights the smoothing term class by class; here, as in Keras, an example has one weight, its label's";

goldenSuite(
  "ops_torch",
  new Map([
    ["cross_entropy_smoothing_weights_mean", weighted],
    ["cross_entropy_smoothing_weights_none", weighted],
  ]),
);
