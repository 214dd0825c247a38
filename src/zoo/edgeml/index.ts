import type { Architecture } from "../model.js";
import { fastGrnn } from "./fastgrnn.js";
import { fastRnn } from "./fastrnn.js";
import { gru } from "./gru.js";
import { lstm } from "./lstm.js";
import { ugrnn } from "./ugrnn.js";

/** EdgeML's classifiers of recurrent cells. */
export const edgemlArchitectures = [fastGrnn, fastRnn, ugrnn, gru, lstm] as unknown as readonly Architecture[];

export { edgemlModels } from "./models.js";
