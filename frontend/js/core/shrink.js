/** Pictures made small before they are sent: the models look at a few hundred pixels only. */

const LONGEST = 1_024;
const HEIC = /\.(heic|heif)$/i;

/** Why a file cannot be taken, as a key of the language files; null if it looks like a picture. */
export function refusal(file) {
  if (HEIC.test(file.name) || /hei[cf]/.test(file.type)) return "refused.heic";
  return file.type.startsWith("image/") && file.type !== "image/svg+xml" ? null : "refused.kind";
}

/**
 * `{blob, from}`: at most 1,024 pixels long, upright whatever its EXIF says. `from` is the long side
 * before, where it was made smaller. Throws where the browser cannot read it as a picture.
 */
export async function shrunk(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const from = Math.max(bitmap.width, bitmap.height);
  const scale = Math.min(1, LONGEST / from);
  const { width, height } = bitmap;
  if (scale === 1) {
    bitmap.close();
    return { blob: file, from: null };
  }
  const blob = await drawn(bitmap, [0, 0, width, height], scale);
  bitmap.close();
  return { blob, from };
}

/** A part of a picture, `[left, top, width, height]` in its own pixels, as a JPEG. */
export async function cropped(source, part) {
  const bitmap = await createImageBitmap(source, { imageOrientation: "from-image" });
  const blob = await drawn(bitmap, part, Math.min(1, LONGEST / Math.max(part[2], part[3])));
  bitmap.close();
  return blob;
}

async function drawn(bitmap, [left, top, width, height], scale) {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white"; // what was transparent would turn black in a JPEG
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}
