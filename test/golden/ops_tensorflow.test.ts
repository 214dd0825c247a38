import { goldenSuite } from "./golden_suite.js";

goldenSuite("ops_tensorflow", new Map());
