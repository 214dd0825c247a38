import { UserError } from "../base/errors.js";
import { findOp } from "./ops/index.js";
import { type Attributes, type Graph, type TensorType, typeText } from "./types.js";

/** Types of an op's results; errors name the op and the types it was given. */
export function inferTypes(op: string, inputs: readonly TensorType[], attributes: Attributes, body?: Graph): TensorType[] {
  try {
    return findOp(op).infer(inputs, attributes, body);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${op}(${inputs.map(typeText).join(", ")}): ${error.message}`, { cause: error });
  }
}
