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
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    add(files.map(named));
  });
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
    if (!hasFiles(event)) return;
    event.preventDefault();
    droppedFiles(event.dataTransfer).then(add);
  });
}

/** The dropped files, and the photos of dropped folders. */
async function droppedFiles(transfer) {
  // Before the first pause: the list is emptied after the event.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
  const files = [...transfer.files];
  const found = await Promise.all(
    files.map((file, place) => (entries[place]?.isDirectory ? photosIn(entries[place]) : [file])),
  );
  return found.flat();
}

async function photosIn(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    // Browsers list some entries at a time, and none at the end.
    const entries = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!entries.length) return found.filter((file) => file.type.startsWith("image/"));
    for (const entry of entries) {
      if (entry.isDirectory) found.push(...(await photosIn(entry)));
      else found.push(await new Promise((done, failed) => entry.file(done, failed)));
    }
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
