// The page: takes photos, gets predictions a few at a time, shows them, and keeps the history.

import { setUpCamera } from "./camera.js";
import { shareInWords } from "./colour_code.js";
import { drawnResistor } from "./drawing.js";
import { element } from "./elements.js";
import {
  asCsv, countChips, historyRows, normalised, rowOf, storedRows, storeRows,
} from "./history.js";
import { setUpIntake } from "./intake.js";
import { closeUps, surroundings } from "./pictures.js";
import { correct, describeModel, onTokenNeeded, predict, ServiceError } from "./service.js";
import {
  focusCard, sectionOf, showFailure, showPhoto, showPredictions, showSections, showWaiting,
} from "./stage.js";
import { tokenDialog } from "./token.js";
import { spoken } from "./wording.js";

const IN_FLIGHT = 3; // requests at a time: the service batches them, and a phone keeps its memory
const HELD = 200; // photos that can be shown again

const byId = (id) => document.getElementById(id);
let model = null; // what the service says about it
let described = null; // the promise of it
let rows = storedRows();
// The oldest first: id, file; predictions or failure (a sentence), and their rows, once known.
let photos = [];
const waiting = []; // pairs of a photo and its section
let running = 0;

function start() {
  byId("example").append(drawnResistor(["yellow", "violet", "red", "gold"]));
  setUpIntake({ button: byId("choose"), input: byId("files"), veil: byId("veil") }, add);
  setUpCamera({ button: byId("take"), input: byId("capture"), dialog: byId("camera") }, add);
  onTokenNeeded(tokenDialog(byId("token")));
  byId("save").addEventListener("click", saveCsv);
  byId("clear").addEventListener("click", clearHistory);
  updateHistory();
  describe().catch(() => {}); // it is shown, and asked for again with the first photo
}

/** Asks the service for its model, again where that failed before. */
function describe() {
  described ??= describeModel().then(
    (found) => {
      model = found;
      byId("model").textContent = modelInWords(model);
    },
    (error) => {
      described = null;
      byId("model").textContent = error.message;
      throw error;
    },
  );
  return described;
}

function modelInWords({ model: name, version, reads, categories, threshold, privacy }) {
  const what = reads === "values" ? "reads any value" : `reads ${categories.length} categories`;
  const limit = threshold == null ? "" : `, “don’t know” below ${shareInWords(threshold)}`;
  const where = privacy ? ` · ${privacy}` : ""; // of a page without a service
  return `Model ${name}: ${what}${limit}${where} · resistor_cls ${version}`;
}

/** Shows new photos instead of the ones before, and queues them. */
function add(files) {
  if (!files.length) return;
  document.body.classList.add("in-use");
  const added = files.map((file) => ({ id: crypto.randomUUID?.() ?? `${Math.random()}`, file }));
  photos = [...photos, ...added].slice(-HELD);
  const sections = added.map(sectionOf);
  showSections(byId("stage"), sections);
  added.forEach((photo, place) => waiting.push([photo, sections[place]]));
  next();
}

function next() {
  while (running < IN_FLIGHT && waiting.length) {
    const [photo, section] = waiting.shift();
    running += 1;
    read(photo, section).finally(() => {
      running -= 1;
      next();
    });
  }
}

async function read(photo, section) {
  const shown = showPhoto(photo, section);
  try {
    photo.predictions = await predictionsOf(photo.file);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    photo.failure = error.message;
  }
  await shown;
  const pictures = photo.failure ? null : await closeUps(photo.file, photo.predictions);
  record(photo, pictures);
  show(photo, section, pictures);
  const { name } = photo.file;
  say(photo.failure ? `${name}: ${photo.failure}` : spoken(photo.predictions, name));
}

async function predictionsOf(file) {
  await describe();
  const limit = model.limits?.bytes;
  if (limit && file.size > limit) {
    const [size, most] = [file.size, limit].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
    throw new ServiceError(
      `The photo has ${size}; at most ${most} are accepted. Crop it or save it smaller.`,
    );
  }
  return predict(file);
}

/** Adds the rows of a photo to the history. */
function record(photo, pictures) {
  const about = {
    photo: photo.file.name,
    photoId: photo.id,
    time: new Date().toISOString(),
    several: photo.predictions?.length > 1,
  };
  const found = photo.failure ? [{ error: photo.failure }] : photo.predictions;
  photo.rows = found.map((prediction, place) =>
    rowOf(prediction, { ...about, picture: pictures?.[place].small ?? null }),
  );
  rows.push(...photo.rows);
  updateHistory();
}

function show(photo, section, pictures) {
  if (photo.failure) {
    showFailure(section, photo.failure, () => retry(photo, section));
    return;
  }
  const change = (place, typed) => correctValue(photo, place, typed);
  showPredictions(photo, section, pictures, model.review ? change : null);
}

function retry(photo, section) {
  rows = rows.filter((row) => row.photoId !== photo.id);
  photo.failure = null;
  updateHistory();
  showWaiting(section);
  waiting.push([photo, section]);
  next();
}

/** Sends the true value of a body; of several on a photo, only the surroundings of this one. */
async function correctValue(photo, place, typed) {
  const { box } = photo.predictions[place];
  const several = photo.predictions.length > 1 && box;
  const picture = several ? await surroundings(photo.file, box) : photo.file;
  await correct(picture, photo.file.name, typed.trim());
  const value = normalised(typed);
  photo.rows[place].corrected = value;
  updateHistory();
  return value;
}

function updateHistory() {
  storeRows(rows);
  byId("history").hidden = rows.length === 0;
  byId("counts").replaceChildren(...countChips(rows));
  const isHeld = (row) => photos.some((photo) => photo.id === row.photoId);
  byId("rows").replaceChildren(...historyRows(rows, isHeld, showAgain));
}

async function showAgain(row) {
  const photo = photos.find((one) => one.id === row.photoId);
  const section = sectionOf(photo);
  showSections(byId("stage"), [section]);
  await showPhoto(photo, section);
  const pictures = photo.failure ? null : await closeUps(photo.file, photo.predictions);
  show(photo, section, pictures);
  focusCard(section, photo.rows.indexOf(row));
}

function saveCsv() {
  const address = URL.createObjectURL(new Blob([asCsv(rows)], { type: "text/csv" }));
  element("a", { href: address, download: "resistors.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function clearHistory() {
  if (!confirm("Remove all rows of the history?")) return;
  rows = [];
  updateHistory();
  byId("choose").focus();
}

/** Lets a screen reader say a sentence after what it is saying. */
function say(sentence) {
  const log = byId("spoken");
  log.append(element("p", {}, sentence));
  if (log.children.length > 20) log.firstChild.remove();
}

start();
