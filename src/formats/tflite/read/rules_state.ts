import type { ReadRule } from "./reading.js";

const varHandle: ReadRule = (operator, reading) => reading.setHandle(operator, operator.optionText("VarHandle", 1));

const readVariable: ReadRule = (operator, reading) => {
  const type = reading.typeOf(reading.output(operator));
  reading.set(operator, reading.variable(reading.handle(operator), type).current);
};

const assignVariable: ReadRule = (operator, reading) => {
  const value = reading.value(operator, 1);
  const variable = reading.variable(reading.handle(operator), value.type);
  const { dtype, shape } = variable.input.type;
  if (dtype !== value.type.dtype || shape.join() !== value.type.shape.join())
    reading.refuse(
      operator,
      `assigns ${value.type.dtype}[${value.type.shape.join(",")}] to a variable of ${dtype}[${shape.join(",")}]`,
    );
  variable.current = value;
};

/** Variables that live from run to run: states of the graph. CALL_ONCE is read with them (initial_states.ts). */
export const readState: Readonly<Record<string, ReadRule>> = {
  VAR_HANDLE: varHandle,
  READ_VARIABLE: readVariable,
  ASSIGN_VARIABLE: assignVariable,
  CALL_ONCE: () => {},
};
