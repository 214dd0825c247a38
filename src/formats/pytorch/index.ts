import { UserError } from "../../base/errors.js";
import { readBounded } from "../../base/read_file.js";
import type { ForeignReader } from "../import/foreign_model.js";
import { parseSafetensors } from "../safetensors.js";
import { isTorchFile, readStateDict } from "./read.js";

const largestFile = 1 << 30;

/** PyTorch's files: torch.save's, and state dicts in safetensors. */
export const pytorchReaders: readonly ForeignReader[] = [
  {
    format: "pytorch",
    title: "a state dict of PyTorch (.pth, .pt)",
    recognises: (_, head) => isTorchFile(head),
    read: async (path) => ({ format: "pytorch", tensors: await readStateDict(path) }),
  },
  {
    format: "pytorch",
    title: "a state dict of PyTorch in .safetensors",
    recognises: (path) => path.toLowerCase().endsWith(".safetensors"),
    read: async (path) => {
      const bytes = await readBounded(path, largestFile, "a network for keywords has some megabytes");
      const { tensors, metadata } = parseSafetensors(bytes, path);
      if (metadata.get("format") === "earshot") throw new UserError(`${path}: is a model of earshot already; use it as it is`);
      return { format: "pytorch", tensors };
    },
  },
];
