import { describeFrontend, type FrontendDescription } from "../../frontend/frontend.js";
import { frontendPreset } from "../../frontend/presets.js";

/** Bands of `log_mel_4k`, the first ones of the body's front end. */
export const narrowBands = 40;
/** As far apart as those, on to 7.9 kHz: s, f and th differ above 4 kHz. */
const wideBands = 53;

/** Steps of the mel scale (1127 ln(1 + f / 700)) of the 40 bands to 4 kHz. */
const melStep = (1127 * Math.log(1 + 4000 / 700)) / (narrowBands + 1);

/** What a body hears: the bands of `log_mel_4k` and 13 more above them, about -2.5 to 7.7. */
export const phoneFrontend: FrontendDescription = describeFrontend({
  ...(frontendPreset("log_mel_4k") as FrontendDescription & { kind: "log_mel" }),
  melBands: wideBands,
  upperHertz: 700 * Math.expm1((melStep * (wideBands + 1)) / 1127),
  scale: 0.04,
  offset: -2.5,
});
