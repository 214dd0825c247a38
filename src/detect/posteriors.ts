/** What a model says at one moment of a long sound. */
export interface Posteriors {
  /** Seconds from the sound's begin to the end of what the model heard: when it could be known. */
  time: number;
  /** Probability of every label. */
  scores: Float32Array;
}

/** A model that listens to a sound of any length: samples go in as they come, probabilities come out at every hop. */
export interface PosteriorStream {
  readonly labels: readonly string[];
  /** Hz. */
  readonly rate: number;
  /** Seconds between two posteriors. */
  readonly hop: number;
  /**
   * Hears further samples, as many as there are.
   * @returns what they settle, in order; the scores belong to the caller
   */
  push(samples: Float32Array): Promise<Posteriors[]>;
  close(): void;
}
