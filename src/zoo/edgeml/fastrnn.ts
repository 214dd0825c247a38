import { edgemlClassifier } from "./classifier.js";

/** EdgeML's FastRNN classifier. */
export const fastRnn = edgemlClassifier("fast_rnn", "FastRNN", "Kusupati et al. 2018, arXiv 1901.02358.");
