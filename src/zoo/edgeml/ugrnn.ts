import { edgemlClassifier } from "./classifier.js";

/** EdgeML's UGRNN classifier. */
export const ugrnn = edgemlClassifier("ugrnn", "UGRNN", "Collins et al. 2016, arXiv 1611.09913.");
