import { computeType, constant, type ElementType, type Kernel } from "./language.js";
import { mapKernel } from "./map.js";

/** y[i] = value. Buffer: y. */
export function fillKernel(element: ElementType, size: number, value: number, lanes: number): Kernel {
  const spec = { shape: [size], inputs: [], outputs: [{ element, strides: [1], offset: 0 }] };
  return mapKernel({ ...spec, body: () => [constant(computeType(element), value)] }, lanes);
}
