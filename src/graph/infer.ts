import { UserError } from "../base/errors.js";
import { findOp } from "./ops/index.js";
import { type Attributes, type Graph, type Node, type TensorType, typeText, type Value } from "./types.js";

/** Types of an op's results; errors name the op and the types it was given. */
export function inferTypes(op: string, inputs: readonly TensorType[], attributes: Attributes, body?: Graph): TensorType[] {
  try {
    return findOp(op).infer(inputs, attributes, body);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${op}(${inputs.map(typeText).join(", ")}): ${error.message}`, { cause: error });
  }
}

/**
 * A node whose results have the types that its op gives them.
 * @param valueOf makes the value of a result
 */
export function typedNode(
  op: string,
  inputs: readonly Value[],
  attributes: Attributes,
  body: Graph | undefined,
  valueOf: (type: TensorType) => Value,
): Node {
  const types = inferTypes(
    op,
    inputs.map((value) => value.type),
    attributes,
    body,
  );
  return { op, inputs, outputs: types.map(valueOf), attributes, ...(body ? { body } : {}) };
}
