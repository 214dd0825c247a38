import { edgemlClassifier } from "./classifier.js";

/** EdgeML's GRU classifier; the reset gate multiplies the state. */
export const gru = edgemlClassifier("gru", "GRU with the reset before the product", "Cho et al. 2014, arXiv 1406.1078.");
