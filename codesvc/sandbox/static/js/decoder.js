// Reads a QR code out of a picture: with the browser's own detector where there is one, else with the bundled decoder,
// which is fetched only then.

const LARGEST_SIDE = 1600;
const SVG_SIDE = 800;

async function decodeNatively(bitmap) {
  if (!("BarcodeDetector" in window)) return null;
  try {
    const [found] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(bitmap);
    return found?.rawValue ?? null;
  } catch {
    return null; // there, but without the platform's service behind it
  }
}

async function decodeHere(bitmap) {
  const { decodeQR } = await import("../vendor/qr/decode.js");
  const scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff"; // a transparent background would read as black
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    return null;
  }
}

/** A picture as pixels. An SVG is drawn large: it may name no size, or one of a few pixels. */
async function pixels(blob) {
  if (!blob.type.startsWith("image/svg")) return createImageBitmap(blob);
  const address = URL.createObjectURL(blob);
  try {
    const image = new Image(SVG_SIDE, SVG_SIDE);
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(SVG_SIDE, SVG_SIDE);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SVG_SIDE, SVG_SIDE);
    context.drawImage(image, 0, 0, SVG_SIDE, SVG_SIDE);
    return canvas.transferToImageBitmap();
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** The text in a picture's QR code; null if there is none. */
export async function decode(blob) {
  let bitmap;
  try {
    bitmap = await pixels(blob);
  } catch {
    return null; // no picture at all
  }
  try {
    return (await decodeNatively(bitmap)) ?? (await decodeHere(bitmap));
  } finally {
    bitmap.close();
  }
}
