/* Speaks lines "VOICE RATE PITCH TEXT" by espeak-ng: for each a line "SAMPLES RATE", lines "PHONE MILLISECONDS" and an empty one, then
   the samples, 16 bits each. The phones are espeak-ng's own names, "-" for a pause. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <espeak-ng/speak_lib.h>

static short *samples;
static size_t count, room;
static char events[1 << 16];
static size_t written;

static int hear(short *wave, int length, espeak_EVENT *event)
{
	if (wave != NULL && length > 0) {
		if (count + (size_t)length > room) {
			room = 2 * (count + (size_t)length);
			samples = realloc(samples, room * sizeof *samples);
			if (samples == NULL)
				exit(1);
		}
		memcpy(samples + count, wave, (size_t)length * sizeof *samples);
		count += (size_t)length;
	}
	for (; event != NULL && event->type != espeakEVENT_LIST_TERMINATED; event++) {
		char name[9] = {0};
		if (event->type != espeakEVENT_PHONEME || written > sizeof events - 32)
			continue;
		memcpy(name, event->id.string, 8);
		written += (size_t)snprintf(events + written, sizeof events - written, "%s %d\n", name[0] ? name : "-", event->audio_position);
	}
	return 0;
}

int main(void)
{
	const int rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 500, NULL, espeakINITIALIZE_PHONEME_EVENTS);
	char line[4096];
	espeak_SetSynthCallback(hear);
	while (fgets(line, sizeof line, stdin) != NULL) {
		char voice[64];
		int words, pitch, text;
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%63s %d %d %n", voice, &words, &pitch, &text) < 3 || espeak_SetVoiceByName(voice) != EE_OK) {
			fprintf(stderr, "cannot speak '%s'\n", line);
			return 1;
		}
		espeak_SetParameter(espeakRATE, words, 0);
		espeak_SetParameter(espeakPITCH, pitch, 0);
		count = written = 0;
		espeak_Synth(line + text, strlen(line + text) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, NULL);
		espeak_Synchronize();
		printf("%zu %d\n%.*s\n", count, rate, (int)written, events);
		fwrite(samples, sizeof *samples, count, stdout);
		fflush(stdout);
	}
	return 0;
}
