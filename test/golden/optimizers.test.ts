import { goldenSuite } from "./golden_suite.js";

goldenSuite("optimizers", new Map());
