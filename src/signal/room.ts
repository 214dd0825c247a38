import type { RandomStream } from "../base/random.js";
import { applyBiquad, makeBiquad } from "./biquad.js";

/** A room, a talker and a microphone in it. */
export interface Room {
  /** Length, width, height in metres. */
  size: [number, number, number];
  /** Time in which the sound falls by 60 dB, in seconds. */
  reverberation: number;
  /** Places in metres. */
  source: [number, number, number];
  microphone: [number, number, number];
}

/** Metres a second. */
const speedOfSound = 343;
const earlyOrder = 2;

/** A room from a cupboard to a hall, the talker 0.2 to 2 m from the microphone, most of them dry. */
export function randomRoom(random: RandomStream): Room {
  const size: [number, number, number] = [random.between(2, 8), random.between(2, 7), random.between(2.2, 3.5)];
  const reverberation = 0.08 + 0.42 * random.uniform() ** 2;
  const microphone: [number, number, number] = [0, 0, 0].map((_, i) => size[i] * random.between(0.25, 0.75)) as [
    number,
    number,
    number,
  ];
  const distance = 0.2 + 1.8 * random.uniform() ** 2;
  const angle = random.between(0, 2 * Math.PI);
  const source: [number, number, number] = [
    inside(microphone[0] + distance * Math.cos(angle), size[0]),
    inside(microphone[1] + distance * Math.sin(angle), size[1]),
    inside(microphone[2] + distance * random.between(-0.3, 0.3), size[2]),
  ];
  return { size, reverberation, source, microphone };
}

/** Keeps a coordinate 10 cm away from the walls. */
function inside(x: number, length: number): number {
  return Math.min(length - 0.1, Math.max(0.1, x));
}

/**
 * Impulse response of a room: direct path and early reflections by the image-source method (Allen and Berkley 1979, order 2),
 * then exponentially decaying noise. The direct path has amplitude 1 and comes at sample 0, so the sound is not delayed.
 * @param random draws the noise tail
 * @param sampleRate Hz
 * @returns shape [samples], at most 0.7 s
 */
export function roomResponse(room: Room, random: RandomStream, sampleRate: number): Float32Array {
  const seconds = Math.min(0.7, Math.max(0.03, room.reverberation));
  const response = new Float32Array(Math.ceil(seconds * sampleRate));
  const direct = Math.max(0.1, distance(room.source, room.microphone));
  addTail(response, room, direct, random, sampleRate);
  addImages(response, room, direct, sampleRate);
  return response;
}

/** Reflection factor of the walls for the reverberation time (Sabine's formula). */
function reflection(room: Room): number {
  const [x, y, z] = room.size;
  const surface = 2 * (x * y + x * z + y * z);
  const absorption = Math.min(0.98, (0.161 * x * y * z) / (surface * room.reverberation));
  return Math.sqrt(1 - absorption);
}

function addImages(response: Float32Array, room: Room, direct: number, sampleRate: number): void {
  const wall = reflection(room);
  for (let i = -earlyOrder; i <= earlyOrder; i++) {
    for (let j = -earlyOrder; j <= earlyOrder; j++) {
      for (let k = -earlyOrder; k <= earlyOrder; k++) {
        const order = Math.abs(i) + Math.abs(j) + Math.abs(k);
        if (order > earlyOrder) continue;
        const image = [i, j, k].map((n, axis) => imageAt(n, room.size[axis], room.source[axis])) as [number, number, number];
        const path = distance(image, room.microphone);
        const delay = Math.max(0, ((path - direct) / speedOfSound) * sampleRate);
        addFraction(response, delay, (wall ** order * direct) / Math.max(path, direct));
      }
    }
  }
}

/** Coordinate of the n-th mirror image between two walls. */
function imageAt(n: number, length: number, source: number): number {
  return n % 2 === 0 ? n * length + source : (n + 1) * length - source;
}

function addFraction(response: Float32Array, delay: number, amplitude: number): void {
  const whole = Math.floor(delay);
  const part = delay - whole;
  if (whole < response.length) response[whole] += amplitude * (1 - part);
  if (whole + 1 < response.length) response[whole + 1] += amplitude * part;
}

/** Late reverberation: noise that falls by 60 dB in the reverberation time, high tones first. */
function addTail(response: Float32Array, room: Room, direct: number, random: RandomStream, sampleRate: number): void {
  const volume = room.size[0] * room.size[1] * room.size[2];
  // Distance at which reverberant and direct sound are equally strong.
  const critical = 0.057 * Math.sqrt(volume / room.reverberation);
  const decay = Math.log(1000) / (room.reverberation * sampleRate);
  const energy = Math.min(4, (direct / critical) ** 2);
  const amplitude = Math.sqrt(energy * 2 * decay);
  const start = Math.round(0.004 * sampleRate);
  for (let i = start; i < response.length; i++)
    response[i] = amplitude * Math.sqrt(3) * random.between(-1, 1) * Math.exp(-decay * (i - start));
  applyBiquad(response, makeBiquad("highshelf", 3000, sampleRate, Math.SQRT1_2, -6));
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
