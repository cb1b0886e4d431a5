// Decodes photos, as resistor_cls/data/images/decode.py does: upright, without conversion of
// colours, white where they are transparent.

// Pixels of one photo: as bitmap and as levels it takes 350 MB, which phones have. The largest
// phone cameras save 50 megapixels unless asked for more.
const MAX_PIXELS = 50_000_000;
const STRIP = 4_000_000; // pixels that are read at once: phones limit the size of a canvas

/** A photo that cannot be read; the message is a sentence for the person. */
export class PhotoError extends Error {}

/**
 * Decodes a photo.
 *
 * @param {Blob} file
 * @returns {Promise<Object>} {data, width, height} with (height, width, 3) levels.
 * @throws {PhotoError}
 */
export async function decodePhoto(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, {
      imageOrientation: "from-image", colorSpaceConversion: "none",
    });
  } catch {
    throw new PhotoError(
      "This is not a photo that this browser can decode, or it is damaged. Save it as JPEG or PNG.",
    );
  }
  try {
    if (bitmap.width * bitmap.height > MAX_PIXELS) {
      throw new PhotoError(
        `The photo has ${bitmap.width} × ${bitmap.height} pixels; at most ` +
          `${MAX_PIXELS / 1e6} million can be read. Crop it or save it smaller.`,
      );
    }
    return levelsOf(bitmap);
  } finally {
    bitmap.close();
  }
}

function levelsOf(bitmap) {
  const { width, height } = bitmap;
  const data = new Uint8Array(3 * width * height);
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP / width)));
  const canvas = new OffscreenCanvas(width, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let to = 0;
  for (let top = 0; top < height; top += rows) {
    context.fillStyle = "white";
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    const strip = context.getImageData(0, 0, width, Math.min(rows, height - top)).data;
    for (let from = 0; from < strip.length; from += 4, to += 3) {
      data[to] = strip[from];
      data[to + 1] = strip[from + 1];
      data[to + 2] = strip[from + 2];
    }
  }
  return { data, width, height };
}
