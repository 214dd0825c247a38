/** Cores that C is written for, by the names of `--cpu`. */
export const cpus = ["generic", "cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"] as const;
export type Cpu = (typeof cpus)[number];

export const floatAbis = ["hard", "softfp", "soft"] as const;
export type FloatAbi = (typeof floatAbis)[number];

/** `m4` for `cortex-m4`. */
export function cpuNamed(name: string): Cpu | undefined {
  return cpus.find((cpu) => cpu === name || cpu === `cortex-${name}`);
}

/** Cores with a floating-point unit for single precision, and its name. */
const floatUnits: Partial<Record<Cpu, string>> = {
  "cortex-m4": "fpv4-sp-d16",
  "cortex-m7": "fpv5-sp-d16",
  "cortex-m33": "fpv5-sp-d16",
  "cortex-m55": "auto",
};

export function hasFloatUnit(cpu: Cpu): boolean {
  return floatUnits[cpu] !== undefined;
}

/** Whether a core has vectors of 16 bytes (Helium); they lie in the floating-point unit's registers. */
export function hasVectors(cpu: Cpu, abi: FloatAbi): boolean {
  return cpu === "cortex-m55" && abi !== "soft";
}

/** How floats are passed where nobody says: in the unit's registers where the core has one. */
export function defaultFloatAbi(cpu: Cpu): FloatAbi {
  return hasFloatUnit(cpu) ? "hard" : "soft";
}

/** The options that name the core to GCC and Clang; none for generic. */
export function compilerFlags(cpu: Cpu, abi: FloatAbi): string[] {
  if (cpu === "generic") return [];
  const unit = floatUnits[cpu];
  const float = abi === "soft" || !unit ? ["-mfloat-abi=soft"] : [`-mfloat-abi=${abi}`, `-mfpu=${unit}`];
  return [`-mcpu=${cpu}`, "-mthumb", ...float];
}

/** With how every file of an export compiles without a warning. */
export const warningFlags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Werror"];
