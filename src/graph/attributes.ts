import { UserError } from "../base/errors.js";
import type { Attributes } from "./types.js";

function missing(name: string, wanted: string, found: unknown): UserError {
  return new UserError(`attribute ${name} must be ${wanted}, found ${JSON.stringify(found)}`);
}

export function numberOf(attributes: Attributes, name: string): number {
  const value = attributes[name];
  if (typeof value !== "number") throw missing(name, "a number", value);
  return value;
}

export function booleanOf(attributes: Attributes, name: string): boolean {
  const value = attributes[name];
  if (typeof value !== "boolean") throw missing(name, "true or false", value);
  return value;
}

export function textOf(attributes: Attributes, name: string): string {
  const value = attributes[name];
  if (typeof value !== "string") throw missing(name, "a text", value);
  return value;
}

/** A list of numbers. */
export function shapeOf(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  if (!Array.isArray(value) || !value.every((x) => typeof x === "number")) throw missing(name, "a list of numbers", value);
  return value as readonly number[];
}
