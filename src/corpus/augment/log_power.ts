/** How a feature value comes from mel power: value = scale * ln(floor + power), limited to lowest..highest. */
export interface LogPower {
  scale: number;
  /** Above 0. */
  floor: number;
  lowest: number;
  highest: number;
}
