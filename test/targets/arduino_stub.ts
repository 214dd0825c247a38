/** What of Arduino's core the sketch uses. */
export const arduinoStub = `#pragma once
#include <stdint.h>
#define A0 0
int analogRead(uint8_t pin);
struct SerialPort {
  void begin(unsigned long baud);
  void println(const char *text);
};
extern SerialPort Serial;
`;
