/** Sizes of a ring whose oldest rows make room for new ones. */
export const ringLayer = `typedef struct {
  int32_t kept, added; /* bytes */
} ring_layer;`;

/** Moves the kept rows to the front, where they may lie already in part, and puts the new ones behind them. */
export const pushRows = `static void copy_forward(unsigned char *to, const unsigned char *from, int32_t bytes) {
  for (; bytes >= 16; bytes -= 16, to += 16, from += 16) {
    const uint32_t a = load_word(from), b = load_word(from + 4), c = load_word(from + 8), d = load_word(from + 12);
    memcpy(to, &a, 4);
    memcpy(to + 4, &b, 4);
    memcpy(to + 8, &c, 4);
    memcpy(to + 12, &d, 4);
  }
  for (; bytes > 0; bytes--) *to++ = *from++;
}
static void push_rows(const ring_layer *l, const void *ring, const void *rows, void *to) {
  copy_forward((unsigned char *)to, (const unsigned char *)ring + l->added, l->kept);
  copy_forward((unsigned char *)to + l->kept, (const unsigned char *)rows, l->added);
}`;
