// Takes photos: by the camera app of a phone, or by a camera at the desk.

/** Whether this browser can show a camera in the page; only in a secure context. */
function hasCameraInPage() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * Makes a button take photos.
 *
 * @param {Object} parts elements: button; input, of the camera app; dialog with a video, a button
 *     `take`, a button `close` and a paragraph `problem`.
 * @param {function(File[]): void} add photos.
 */
export function setUpCamera({ button, input, dialog }, add) {
  // A phone's camera app focuses and has the full resolution, which a video has not.
  const isPhone = matchMedia("(pointer: coarse)").matches;
  button.hidden = !isPhone && !hasCameraInPage();
  button.addEventListener("click", () => (isPhone ? input.click() : open(dialog)));
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  const video = dialog.querySelector("video");
  dialog.querySelector(".take").addEventListener("click", async () => {
    add([await frameOf(video)]);
    dialog.close();
  });
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => stop(video));
}

async function open(dialog) {
  const video = dialog.querySelector("video");
  const take = dialog.querySelector(".take");
  const problem = dialog.querySelector(".problem");
  take.disabled = true;
  problem.textContent = "";
  dialog.showModal();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 3840 }, height: { ideal: 2160 } },
    });
    if (!dialog.open) {
      stream.getTracks().forEach((track) => track.stop());
      return;
    }
    video.srcObject = stream;
    await video.play();
    take.disabled = false;
    take.focus();
  } catch (error) {
    problem.textContent = problemOf(error);
  }
}

function problemOf(error) {
  if (error.name === "NotAllowedError") {
    return "The browser does not allow the camera. Allow it in the address bar, or choose a photo.";
  }
  if (error.name === "NotFoundError") return "No camera is connected. Choose a photo instead.";
  return "The camera cannot be started; another program may use it. Choose a photo instead.";
}

function stop(video) {
  video.srcObject?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}

function frameOf(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  return new Promise((resolve) => {
    canvas.toBlob(
      (blob) => resolve(new File([blob], `camera ${time}.jpg`, { type: "image/jpeg" })),
      "image/jpeg",
      0.95,
    );
  });
}
