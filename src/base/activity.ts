import { formatSeconds } from "./progress.js";

/** Milliseconds between two states of the line. */
const turn = 250;

/** Where the line is shown. */
export interface LiveStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Does something that has no countable steps, while one live line says what it is and for how long; silent where the
 * stream is no terminal. The work must give the event loop turns for the seconds to count.
 */
export async function during<T>(text: string, work: () => Promise<T>, stream: LiveStream = process.stderr): Promise<T> {
  if (stream.isTTY !== true) return work();
  const start = Date.now();
  const show = (): void => {
    const milliseconds = Date.now() - start;
    stream.write(`\r\x1b[2K${text} ...${milliseconds < 1000 ? "" : ` ${formatSeconds(milliseconds / 1000)}`}`);
  };
  show();
  const timer = setInterval(show, turn);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    stream.write("\r\x1b[2K");
  }
}
