// The stage: the photos that are shown now, each beside the cards of its bodies.

import { card, failedCard, waitingCard } from "./cards.js";
import { outlines } from "./drawing.js";
import { element } from "./elements.js";
import { shownCopy } from "./pictures.js";
import { kindOf } from "./wording.js";

/**
 * Shows other photos.
 *
 * @param {HTMLElement} stage
 * @param {HTMLElement[]} sections of `sectionOf`.
 */
export function showSections(stage, sections) {
  for (const image of stage.querySelectorAll("img.photo")) URL.revokeObjectURL(image.src);
  stage.replaceChildren(...sections);
  scrollTo({ top: 0 });
}

/** A section for a photo that waits for its prediction. */
export function sectionOf({ file }) {
  const caption = element("figcaption", {}, element("h2", {}, file.name));
  return element(
    "section",
    { class: "result", "aria-label": file.name },
    element("figure", {}, element("div", { class: "frame" }), caption),
    element("div", { class: "cards" }, waitingCard()),
  );
}

/** Shows that a photo waits. */
export function showWaiting(section) {
  cardsOf(section).replaceChildren(waitingCard());
}

/** Shows why there is no prediction. */
export function showFailure(section, sentence, retry) {
  cardsOf(section).replaceChildren(failedCard(sentence, retry));
}

/** Shows the photo itself; keeps its size, which the outlines need. */
export async function showPhoto(photo, section) {
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
  const alternative = `The photo ${photo.file.name}`;
  frame.append(element("img", { class: "photo", src: copy.address, alt: alternative }));
}

/**
 * Shows the cards and outlines of a photo; its size is known, unless the browser cannot show it.
 *
 * @param {Object} photo with file, predictions and rows.
 * @param {HTMLElement} section
 * @param {?Object[]} pictures of its bodies, of `closeUps`.
 * @param {?function(number, string): Promise<string>} correct stores the true value of the body at
 *     a position; null where corrections are not stored.
 */
export function showPredictions(photo, section, pictures, correct) {
  const idOf = (place) => `body-${photo.id}-${place}`;
  const cards = photo.predictions.map((prediction, place) =>
    card(prediction, {
      id: idOf(place),
      number: prediction.box ? prediction.body ?? place + 1 : null,
      closeUp: pictures?.[place].large,
      corrected: photo.rows[place].corrected,
      correct: correct && ((value) => correct(place, value)),
    }),
  );
  cardsOf(section).replaceChildren(...cards);
  if (!photo.size) return;
  const frame = section.querySelector(".frame");
  frame.append(...outlines(photo.predictions, photo.size, (place) => `#${idOf(place)}`, kindOf));
  cards.forEach((one, place) => emphasise(one, frame.querySelector(`[data-place="${place}"]`)));
}

/** Emphasises the outline of a body while its card is in use. */
function emphasise(card, outline) {
  const listen = (name, on) => {
    card.addEventListener(name, () => outline?.classList.toggle("current", on));
  };
  listen("pointerenter", true);
  listen("focusin", true);
  listen("pointerleave", false);
  listen("focusout", false);
}

/** Moves the focus to the card of the body at a position. */
export function focusCard(section, place) {
  cardsOf(section).children[place]?.focus();
}

function cardsOf(section) {
  return section.querySelector(".cards");
}
