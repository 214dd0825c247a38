import { compareNetworks } from "./golden_networks.js";

compareNetworks("other_zoo", ["fastgrnn_low_rank", "shufflenetv2"]);
