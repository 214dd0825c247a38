import * as v from "valibot";

/**
 * A table whose keys are names that a user has chosen. `v.record` passes over `constructor`, `prototype` and `__proto__`, which are names
 * like any other.
 * @param values what a value must be; it is checked, not changed
 */
export function tableOf<Value>(values: v.GenericSchema<Value>) {
  return v.pipe(
    v.custom<Record<string, Value>>(isTable, "it must be a table"),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      for (const [key, value] of Object.entries(dataset.value)) {
        const [issue] = v.safeParse(values, value, { abortEarly: true }).issues ?? [];
        if (issue === undefined) continue;
        const { message, input, received } = issue;
        const path = [{ type: "object", origin: "value", input: dataset.value, key, value }] as const;
        addIssue({ message, input, received, path: [...path] });
        return;
      }
    }),
  );
}

function isTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
