// How photos come in from files: chosen, dropped anywhere on the page, or pasted.

/**
 * Listens for photos.
 *
 * @param {Object} parts elements: button and input, to choose files; veil, shown while files are
 *     dragged over the page.
 * @param {function(File[]): void} add photos.
 */
export function setUpIntake({ button, input, veil }, add) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  document.addEventListener("paste", (event) => take(event.clipboardData, event, named));
  // The pointer enters and leaves every element that it crosses.
  let depth = 0;
  const show = () => {
    veil.hidden = depth === 0;
  };
  document.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    show();
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    show();
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    show();
    take(event.dataTransfer, event, (file) => file);
  });

  function take(transfer, event, rename) {
    const files = [...(transfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    add(files.map(rename));
  }
}

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

/** Pasted pictures are all called image.png: the time tells them apart. */
function named(file) {
  if (file.name !== "image.png") return file;
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  return new File([file], `pasted ${time}.png`, { type: file.type });
}
