// The page: takes photos, gets predictions a few at a time, shows them, and keeps the history.

import { setUpCamera } from "./camera.js";
import { card, failedCard, waitingCard } from "./cards.js";
import { shareInWords } from "./colour_code.js";
import { drawnResistor, outlines } from "./drawing.js";
import { element } from "./elements.js";
import {
  asCsv, countChips, historyRows, normalised, rowOf, storedRows, storeRows,
} from "./history.js";
import { setUpIntake } from "./intake.js";
import { closeUps, cutOut, shownCopy } from "./pictures.js";
import { correct, describeModel, onTokenNeeded, predict, ServiceError } from "./service.js";
import { tokenDialog } from "./token.js";
import { kindOf, spoken } from "./wording.js";

const IN_FLIGHT = 3; // requests at a time: the service batches them, and a phone keeps its memory
const HELD = 200; // photos that can be shown again

const byId = (id) => document.getElementById(id);
let model = null;
let described = null;
let rows = storedRows();
let photos = []; // {id, file, predictions}, the oldest first

const waiting = [];
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

function modelInWords({ model: name, version, reads, categories, threshold }) {
  const what = reads === "values" ? "reads any value" : `reads ${categories.length} categories`;
  const refuses = threshold == null ? "" : `, don’t know below ${shareInWords(threshold)} confidence`;
  return `Model ${name}${version ? `, version ${version}` : ""}: ${what}${refuses}`;
}

/** Shows new photos instead of the ones before, and queues them. */
function add(files) {
  if (!files.length) return;
  document.body.classList.add("in-use");
  const sections = files.map((file) => {
    const photo = { id: crypto.randomUUID?.() ?? String(Math.random()), file, predictions: null };
    photos.push(photo);
    const section = sectionOf(photo);
    waiting.push({ photo, section });
    return section;
  });
  photos = photos.slice(-HELD);
  onStage(sections);
  next();
}

function onStage(sections) {
  for (const image of byId("stage").querySelectorAll("img.photo")) URL.revokeObjectURL(image.src);
  byId("stage").replaceChildren(...sections);
  scrollTo({ top: 0 });
}

function next() {
  while (running < IN_FLIGHT && waiting.length) {
    const { photo, section } = waiting.shift();
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
    await describe();
    const limit = model.limits?.bytes;
    if (limit && photo.file.size > limit) throw new ServiceError(tooLarge(photo.file, limit));
    photo.predictions = await predict(photo.file);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const retry = () => {
      cardsOf(section).replaceChildren(waitingCard());
      waiting.push({ photo, section });
      next();
    };
    cardsOf(section).replaceChildren(failedCard(error.message, retry));
    say(`${photo.file.name}: ${error.message}`);
    return;
  }
  await shown;
  const pictures = await closeUps(photo.file, photo.predictions);
  const about = {
    photo: photo.file.name,
    photoId: photo.id,
    time: new Date().toISOString(),
    several: photo.predictions.length > 1,
  };
  photo.rows = photo.predictions.map((prediction, place) => {
    const picture = pictures?.[place].small ?? null;
    return rowOf(prediction, { ...about, picture });
  });
  rows.push(...photo.rows);
  updateHistory();
  showPredictions(photo, section, pictures);
  say(spoken(photo.predictions, photo.file.name));
}

function tooLarge(file, limit) {
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  return `The photo has ${megabytes(file.size)}; at most ${megabytes(limit)} are accepted. ` +
    "Crop it or save it smaller.";
}

function sectionOf(photo) {
  return element(
    "section",
    { class: "result", "aria-label": photo.file.name },
    element(
      "figure",
      {},
      element("div", { class: "frame" }),
      element("figcaption", {}, element("h2", {}, photo.file.name)),
    ),
    element("div", { class: "cards" }, waitingCard()),
  );
}

function cardsOf(section) {
  return section.querySelector(".cards");
}

/** Shows the photo itself; keeps its size for the outlines. */
async function showPhoto(photo, section) {
  const frame = section.querySelector(".frame");
  if (frame.hasChildNodes()) return;
  const copy = await shownCopy(photo.file);
  if (!copy) {
    frame.append(element("p", { class: "no-photo" }, "This browser cannot show the photo."));
    return;
  }
  photo.size = copy.size;
  if (!section.isConnected) {
    URL.revokeObjectURL(copy.address); // another photo is on the stage now
    return;
  }
  frame.append(element("img", { class: "photo", src: copy.address, alt: `The photo ${photo.file.name}` }));
}

function showPredictions(photo, section, pictures) {
  const idOf = (place) => `body-${photo.id}-${place}`;
  const cards = photo.predictions.map((prediction, place) =>
    card(prediction, {
      id: idOf(place),
      number: prediction.box ? prediction.body ?? place + 1 : null,
      closeUp: pictures?.[place].large,
      corrected: photo.rows[place].corrected,
      correct: model.review ? (value) => correctValue(photo, place, value) : null,
    }),
  );
  cardsOf(section).replaceChildren(...cards);
  if (!photo.size) return;
  const frame = section.querySelector(".frame");
  frame.append(...outlines(photo.predictions, photo.size, (place) => `#${idOf(place)}`, kindOf));
  cards.forEach((one, place) => {
    const outline = frame.querySelector(`[data-place="${place}"]`);
    const emphasise = (on) => outline?.classList.toggle("current", on);
    for (const name of ["pointerenter", "focusin"]) one.addEventListener(name, () => emphasise(true));
    for (const name of ["pointerleave", "focusout"]) one.addEventListener(name, () => emphasise(false));
  });
}

/** Sends the true value of a body; of several on a photo, only the surroundings of this one. */
async function correctValue(photo, place, typed) {
  const { box } = photo.predictions[place];
  const several = photo.predictions.length > 1 && box;
  const picture = several ? await cutOut(photo.file, box) : photo.file;
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
  onStage([section]);
  await showPhoto(photo, section);
  showPredictions(photo, section, await closeUps(photo.file, photo.predictions));
  const place = photo.rows.indexOf(row);
  cardsOf(section).children[place]?.focus();
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
