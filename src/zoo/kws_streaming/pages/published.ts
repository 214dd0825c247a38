import type { FrontendDescription } from "../../../frontend/frontend.js";
import { featureShape, oneSecond } from "../../../frontend/frontend.js";
import type { ModelOptions, ZooModel } from "../../model.js";

/** A model of one of kws_streaming's pages of experiments. */
export interface PublishedModel {
  /** Name in the zoo. */
  readonly name: string;
  /** Name of the architecture without the family. */
  readonly network: string;
  /** Rest of the line for lists. */
  readonly documentation: string;
  /** Options that differ from the architecture's defaults. */
  readonly options?: ModelOptions;
  readonly frontend: FrontendDescription;
  /** Labels; twelve where missing. */
  readonly labels?: number;
  /** Per cent on the labels of Speech Commands v0.02, as printed; empty where the page prints none. */
  readonly accuracy?: string;
  /** As printed. */
  readonly parameters?: string;
}

/** The entry of the zoo for a model of a page. */
export function published(page: string, model: PublishedModel): ZooModel {
  const { name, network, documentation, options = {}, frontend, labels = 12, accuracy = "", parameters } = model;
  return {
    name,
    architecture: `kws_streaming/${network}`,
    family: "kws_streaming",
    documentation: `kws_streaming ${network}, ${documentation}`,
    options,
    frontend,
    shape: { ...featureShape(frontend, oneSecond), labels },
    published: { source: `kws_streaming, page ${page}`, accuracy, ...(parameters ? { parameters } : {}) },
  };
}
