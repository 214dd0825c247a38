import { edgemlClassifier } from "./classifier.js";

/** EdgeML's FastGRNN classifier. */
export const fastGrnn = edgemlClassifier("fast_grnn", "FastGRNN", "Kusupati et al. 2018, arXiv 1901.02358.");
