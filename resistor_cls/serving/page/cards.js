// The card of one body: its value with the bands, or why there is none and what to do.

import { drawnResistor, namedBands } from "./drawing.js";
import { element } from "./elements.js";
import {
  confidenceOf, guessesOf, kindOf, reasonOf, remedyOf, titleOf, valueOf,
} from "./wording.js";

/**
 * Makes a card.
 *
 * @param {Object} prediction as the service sends it.
 * @param {Object} about
 * @param {string} about.id of the card.
 * @param {number} about.number of the body; null where the photo has no box.
 * @param {?string} about.closeUp address of a picture of the body.
 * @param {?string} about.corrected the true value, where a person has entered it.
 * @param {?function(string): Promise<string>} about.correct stores the true value and returns it as
 *     it is shown; throws an error with a sentence. Null where corrections are not stored.
 */
export function card(prediction, { id, number, closeUp, corrected, correct }) {
  const kind = kindOf(prediction);
  const content = kind === "read" ? readContent(prediction) : refusedContent(prediction);
  const alternative = "The body, enlarged";
  const picture = closeUp && element("img", { class: "close-up", src: closeUp, alt: alternative });
  const made = element(
    "article",
    { class: `card ${kind}`, id, tabindex: "-1" },
    heading(prediction, kind, number),
    kind === "read" && confidence(prediction),
    picture,
    ...content,
  );
  if (corrected) showCorrected(made, corrected);
  else if (correct && kind !== "unreadable") made.append(correction(kind, correct));
  return made;
}

function showCorrected(made, value) {
  made.classList.add("corrected");
  made.append(element("p", { class: "stored", role: "status" }, `Saved for review as ${value}.`));
}

function heading(prediction, kind, number) {
  const value = valueOf(prediction);
  const tag = number && element("span", { class: `number ${kind}` }, String(number));
  if (!value) return element("h3", { class: "value" }, tag, titleOf(prediction));
  return element(
    "h3",
    { class: "value" },
    tag,
    element("span", { class: "main" }, value.main),
    value.rest && " ",
    value.rest && element("span", { class: "rest" }, value.rest),
  );
}

function confidence(prediction) {
  return element("p", { class: "confidence" }, "Confidence ", confidenceOf(prediction));
}

function readContent(prediction) {
  const markings = prediction.markings?.length ? prediction.markings : [prediction.bands];
  const drawn = markings.filter(Boolean).flatMap((bands, place) => [
    place > 0 ? element("p", { class: "or" }, "or") : null,
    namedBands(bands),
  ]);
  const second = guessesOf(prediction)[1];
  const otherwise = second && element(
    "p",
    { class: "second" },
    "Second candidate: ",
    element("span", { class: "text" }, `${second.text} ${second.category}`.trim()),
    `, ${second.share}`,
  );
  return [...drawn, otherwise];
}

function refusedContent(prediction) {
  const guesses = guessesOf(prediction);
  return [
    element("p", { class: "reason" }, reasonOf(prediction)),
    element("p", { class: "remedy" }, remedyOf(prediction)),
    guesses.length ? possibleReadings(guesses) : null,
  ];
}

function possibleReadings(guesses) {
  const items = guesses.map(({ text, category, share }) =>
    element(
      "li",
      {},
      element("span", { class: "text" }, `${text} ${category}`.trim()),
      element("span", { class: "share" }, share),
    ),
  );
  return element(
    "div",
    { class: "guesses" },
    element("h4", {}, "Possible readings"),
    element("ol", { role: "list" }, ...items),
  );
}

/** A button that opens a form for the true value. */
function correction(kind, correct) {
  const box = element("div", { class: "correction" });
  const words = kind === "read" ? "This is wrong" : "Enter the true value";
  const open = element("button", { type: "button", class: "quiet", onclick: show }, words);
  box.append(open);
  return box;

  function show() {
    const status = element("p", { class: "status", role: "alert" });
    const input = element("input", {
      name: "value", required: true, autocomplete: "off", spellcheck: "false", placeholder: "4k7",
    });
    const save = element("button", { type: "submit" }, "Save");
    const cancel = element("button", { type: "button", class: "quiet", onclick: hide }, "Cancel");
    const label = element("label", {}, element("span", {}, "Correct value"), input);
    const form = element("form", { onsubmit: send }, label, save, cancel, status);
    box.replaceChildren(form);
    input.focus();

    async function send(event) {
      event.preventDefault();
      save.disabled = true;
      status.textContent = "";
      try {
        const stored = await correct(input.value);
        const made = box.closest(".card");
        box.remove();
        showCorrected(made, stored);
        made.focus();
      } catch (error) {
        status.textContent = error.message;
        save.disabled = false;
        input.focus();
      }
    }
  }

  function hide() {
    box.replaceChildren(open);
    open.focus();
  }
}

/** A card for a photo without a prediction: the reason, and a button to try again. */
export function failedCard(sentence, retry) {
  return element(
    "article",
    { class: "card unreadable", tabindex: "-1" },
    element("h3", { class: "value" }, "Not read"),
    element("p", { class: "reason" }, sentence),
    element("button", { type: "button", onclick: retry }, "Try again"),
  );
}

/** A card that stands until the prediction is there. */
export function waitingCard() {
  return element(
    "article",
    { class: "card waiting" },
    element("p", { class: "value" }, "Reading…"),
    drawnResistor([]),
  );
}
