import { InvalidArgumentError } from "commander";

/** Parser of an option that counts something: a whole number within bounds. */
export function wholeNumber(lowest: number, highest: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= lowest && value <= highest) return value;
    const range = highest === Number.MAX_SAFE_INTEGER ? `from ${lowest}` : `from ${lowest} to ${highest}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** Parser of an option that measures something: a number within bounds. */
export function realNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`It must be a number from ${lowest} to ${highest}.`);
  };
}

/** Parser of a list with commas: "yes,no" -> ["yes", "no"]; blanks around the items are dropped. */
export function commaList(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.some((item) => item === ""))
    throw new InvalidArgumentError("It must be a list with commas and no empty item, such as yes,no,go.");
  return items;
}
