// Decodes photos in the browser, upright: to show them and the bodies in them.

import { startsOnTheRight } from "./direction.js";

// Pixels of the longer side of a photo that is shown: sharp on the page, small in memory.
const MIN_SHOWN = 800;
const MAX_SHOWN = 1600;
const CLOSE_UP = 640; // pixels along a close-up
const THUMBNAIL = 120; // pixels of a picture of the history, along
const AROUND = 0.2; // margin around a body in a close-up, as a share of its length and width
const OUTSIDE = "#77797c"; // beyond the edge of the photo
const CONTEXT = 2; // side of a corrected body's picture, in lengths of the body

// One photo at a time: a decoded photo of a phone takes 50 to 200 MB.
let queue = Promise.resolve();

/**
 * Decodes a photo, uses it, and frees it.
 *
 * @param {Blob} photo of any orientation; the bitmap is upright.
 * @param {function(ImageBitmap): Promise<T>|T} use
 * @returns {Promise<?T>} null where the browser cannot decode the photo. The service may still
 *     read it.
 * @template T
 */
function withBitmap(photo, use) {
  const result = queue.then(async () => {
    let bitmap;
    try {
      bitmap = await createImageBitmap(photo, { imageOrientation: "from-image" });
    } catch {
      return null;
    }
    try {
      return await use(bitmap);
    } finally {
      bitmap.close();
    }
  });
  queue = result.catch(() => {});
  return result;
}

/** A copy of a photo to show, as an address, and the size of the photo; null if not decodable. */
export function shownCopy(photo) {
  return withBitmap(photo, async (bitmap) => {
    const { width, height } = bitmap;
    const longer = Math.max(width, height);
    const scale = Math.min(Math.max(longer, MIN_SHOWN), MAX_SHOWN) / longer;
    const [context, canvas] = canvasOf(Math.round(width * scale), Math.round(height * scale));
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return { address: URL.createObjectURL(await jpeg(canvas)), size: { width, height } };
  });
}

/**
 * Pictures of the bodies of a photo, with their axes horizontal, and with the first band on the
 * left where the bands are known.
 *
 * @param {Blob} photo
 * @param {Object[]} predictions of it.
 * @returns {Promise<?{large: ?string, small: string}[]>} `data:` addresses in the order of the
 *     predictions. `large` is null without a box; `small` is then of the whole photo.
 */
export function closeUps(photo, predictions) {
  return withBitmap(photo, (bitmap) =>
    predictions.map(({ box, bands }) => {
      if (!box) return { large: null, small: whole(bitmap) };
      const canvas = fromFirstBand(bitmap, box, bands);
      return { large: canvas.toDataURL("image/jpeg", 0.88), small: reduced(canvas) };
    }),
  );
}

/** The surroundings of one body as a JPEG file; the photo itself if it cannot be decoded. */
export async function surroundings(photo, box) {
  const picture = await withBitmap(photo, (bitmap) => {
    const side = Math.round(CONTEXT * box.length);
    const [width, height] = [Math.min(side, bitmap.width), Math.min(side, bitmap.height)];
    const [context, canvas] = canvasOf(width, height);
    // Inside of the photo, however near to an edge the body is.
    const left = Math.min(Math.max(Math.round(box.x - width / 2), 0), bitmap.width - width);
    const top = Math.min(Math.max(Math.round(box.y - height / 2), 0), bitmap.height - height);
    context.drawImage(bitmap, -left, -top);
    return jpeg(canvas, 0.95);
  });
  return picture ?? photo;
}

function fromFirstBand(bitmap, box, bands) {
  const canvas = upright(bitmap, box);
  if (!bands) return canvas;
  const scale = canvas.width / (box.length * (1 + 2 * AROUND));
  const [width, height] = [box.length * scale, box.width * scale];
  const body = { x: (canvas.width - width) / 2, y: (canvas.height - height) / 2, width, height };
  if (!startsOnTheRight(canvas, body, bands)) return canvas;
  return upright(bitmap, { ...box, degrees: box.degrees + 180 });
}

function upright(bitmap, box) {
  const length = box.length * (1 + 2 * AROUND);
  const width = Math.max(box.width * (1 + 2 * AROUND), 0.3 * length);
  const scale = CLOSE_UP / length;
  const [context, canvas] = canvasOf(CLOSE_UP, Math.round(width * scale));
  context.fillStyle = OUTSIDE;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(canvas.width / 2, canvas.height / 2);
  context.scale(scale, scale);
  context.rotate((-box.degrees * Math.PI) / 180);
  context.drawImage(bitmap, -box.x, -box.y);
  return canvas;
}

function reduced(picture) {
  const [context, canvas] = canvasOf(THUMBNAIL, (THUMBNAIL * picture.height) / picture.width);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.8);
}

/** The middle of a photo in the shape of a thumbnail. */
function whole(bitmap) {
  const [context, canvas] = canvasOf(THUMBNAIL, 0.4 * THUMBNAIL);
  const scale = Math.max(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  const [left, top] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
  context.drawImage(bitmap, left, top, width, height);
  return canvas.toDataURL("image/jpeg", 0.8);
}

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, width);
  canvas.height = Math.max(1, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  return [context, canvas];
}

function jpeg(canvas, quality = 0.88) {
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", quality);
  });
}
