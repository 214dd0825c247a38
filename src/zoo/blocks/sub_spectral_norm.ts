import { UsageError } from "../../base/errors.js";
import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { kerasNorm } from "./keras_norm.js";

/**
 * Sub-spectral normalisation (Chang et al. 2021, arXiv 2103.13620): a batch norm whose statistics are those of a channel in one of `groups`
 * parts of the frequencies. As in kws_streaming, frequency f belongs to part f modulo `groups`. [B, T, F, C] stays so; parameters as
 * those of a batch norm of C * groups channels.
 * @throws UsageError where `groups` does not divide the frequencies
 */
export function subSpectralNorm(builder: GraphBuilder, path: string, x: Value, groups: number): Value {
  if (groups === 1) return kerasNorm(builder, path, x);
  const [, , frequencies, channels] = x.type.shape as [number, number, number, number];
  if (frequencies % groups !== 0) {
    throw new UsageError(
      `layer ${path}: ${frequencies} frequencies do not make ${groups} equal groups; take another number of groups or of features`,
    );
  }
  const grouped = builder.op("reshape", [x], { shape: [0, 0, frequencies / groups, channels * groups] });
  return builder.op("reshape", [kerasNorm(builder, path, grouped)], { shape: [0, 0, frequencies, channels] });
}
