/** WAV files: bytes to a sound and back. */
export { decodeWav, isWav } from "./wav-reader.js";
export { encodeWav } from "./wav-writer.js";
export type { WavEncoding } from "./wav-writer.js";
export type { Sound, SoundLimits } from "./sound.js";
