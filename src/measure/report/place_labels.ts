/** A rectangle in the picture's units, y downwards. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A label that belongs to a point. */
export interface LabelRequest {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Corner {
  left: number;
  top: number;
}

/** Units between the places that are tried. */
const STEP = 4;
/** Units between a point and a label that stands beside it. */
const GAP = 8;
/** Units within which points crowd each other's labels. */
const CROWD = 60;
/** What crossing an error bar costs, in units of distance. */
const CROSSING = 14;

/**
 * Finds each label the place nearest to its point where it lies within the frame and touches no other label and no point; it crosses
 * error bars only where everything else is farther away.
 * @param bars thin boxes that labels should rather not cross
 * @returns top left corners in the order given; undefined where there is no room left
 */
export function placeLabels(requests: readonly LabelRequest[], frame: Box, bars: readonly Box[]): (Corner | undefined)[] {
  const points = requests.map(({ x, y }) => ({ left: x - 5, top: y - 5, width: 10, height: 10 }));
  const taken: Box[] = [];
  const corners: (Corner | undefined)[] = requests.map(() => undefined);
  for (const i of outerFirst(requests)) {
    const request = requests[i] as LabelRequest;
    const corner = nearestFree(request, frame, [...points, ...taken], bars);
    if (corner === undefined) continue;
    taken.push({ left: corner.left - 2, top: corner.top, width: request.width + 4, height: request.height });
    corners[i] = corner;
  }
  return corners;
}

function nearestFree(request: LabelRequest, frame: Box, taken: readonly Box[], bars: readonly Box[]): Corner | undefined {
  const { width, height } = request;
  let best: Corner | undefined;
  let least = Infinity;
  for (const { left, top } of [...beside(request), ...grid(frame, request)]) {
    const box = { left, top, width, height };
    const far = distance(box, request);
    if (far >= least || !within(box, frame) || taken.some((other) => overlap(box, other))) continue;
    const cost = far + CROSSING * bars.filter((bar) => overlap(box, bar)).length;
    if (cost >= least) continue;
    least = cost;
    best = { left, top };
  }
  return best;
}

/** Points at the edge of a crowd choose first: they have room on their free side, and leave the middle to those within. */
function outerFirst(requests: readonly LabelRequest[]): number[] {
  const offsets = requests.map((request) => {
    const near = requests.filter(({ x, y }) => Math.abs(x - request.x) < CROWD && Math.abs(y - request.y) < CROWD);
    return Math.abs(request.x - near.reduce((sum, { x }) => sum + x, 0) / near.length);
  });
  return requests.map((_, i) => i).toSorted((a, b) => (offsets[b] as number) - (offsets[a] as number) || a - b);
}

/** Whether two boxes share any area. */
export function overlap(a: Box, b: Box): boolean {
  return a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;
}

/** Right, left, above and below of the point: where a reader looks first. */
function beside({ x, y, width, height }: LabelRequest): Corner[] {
  return [
    { left: x + GAP, top: y - height / 2 },
    { left: x - GAP - width, top: y - height / 2 },
    { left: x - width / 2, top: y - GAP - height },
    { left: x - width / 2, top: y + GAP },
  ];
}

function* grid(frame: Box, { width, height }: LabelRequest): Generator<Corner> {
  for (let top = frame.top; top + height <= frame.top + frame.height; top += STEP)
    for (let left = frame.left; left + width <= frame.left + frame.width; left += STEP) yield { left, top };
}

const within = (box: Box, frame: Box): boolean =>
  box.left >= frame.left &&
  box.top >= frame.top &&
  box.left + box.width <= frame.left + frame.width &&
  box.top + box.height <= frame.top + frame.height;

/** From the point to the nearest place of the box; nearer than a gap is no better, and right of the point is read most easily. */
function distance({ left, top, width, height }: Box, { x, y }: LabelRequest): number {
  const across = Math.max(left - x, 0, x - left - width);
  const down = Math.max(top - y, 0, y - top - height);
  return Math.max(GAP, Math.hypot(across, 1.3 * down)) + (left + width < x ? 1 : 0) + (down > 0 ? 2 : 0);
}
