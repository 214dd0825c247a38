import { compareNetworks } from "./golden_networks.js";

compareNetworks("kws_streaming", ["lstm_peepholes", "bc_resnet_same"]);
