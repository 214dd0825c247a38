import { edgemlClassifier } from "./classifier.js";

/** EdgeML's LSTM classifier. */
export const lstm = edgemlClassifier("lstm", "LSTM", "Hochreiter and Schmidhuber 1997.");
