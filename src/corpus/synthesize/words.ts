/** The ten command words of Speech Commands. */
export const commandWords: readonly string[] = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"];

/** The other 25 words of Speech Commands 0.02, the usual `_unknown_`. */
export const otherWords: readonly string[] = [
  "zero one two three four five six seven eight nine",
  "bed bird cat dog happy house marvin sheila tree wow",
  "backward forward follow learn visual",
].flatMap((line) => line.split(" "));
