// Predictions without a service: the model runs in this browser, and no photo leaves it. Replaces
// the file of the same name of a page that has a service.

/** A photo or a model that cannot be used; the message is a sentence for the person. */
export class ServiceError extends Error {}

const WORKER = new URL("../engine/worker.js", import.meta.url);
let worker = null;
let asked = 0;
const waiting = new Map(); // by id, what waits for a reply

// Keeps all files for visits without a network; only hosts with HTTPS, and this machine, may.
navigator.serviceWorker?.register(new URL("../offline.js", import.meta.url)).catch(() => {});

/** There is no token. */
export function onTokenNeeded() {}

/** What the page says about its model. */
export function describeModel() {
  return ask({ task: "describe" });
}

/**
 * Predicts the bodies in a photo.
 *
 * @param {File} photo
 * @param {Object} options every: all bodies, or the best one alone; top: number of candidates.
 * @returns {Promise<Object[]>} predictions as docs/predict.md describes them, one for each body, or
 *     one that says that there is none.
 * @throws {ServiceError}
 */
export function predict(photo, { every = true, top = 3 } = {}) {
  return ask({ task: "predict", photo, every, top });
}

/** Corrections are not stored: `describeModel` says so, and the page does not offer them. */
export async function correct() {
  throw new ServiceError("This page stores no corrections.");
}

function ask(message) {
  worker ??= started();
  asked += 1;
  const id = asked;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, ...message });
  });
}

function started() {
  const made = new Worker(WORKER, { type: "module" });
  made.addEventListener("message", ({ data: { id, result, sentence, failure } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (result) resolve(result);
    else reject(new ServiceError(sentence ?? failed(failure)));
  });
  made.addEventListener("error", ({ message }) => {
    made.terminate();
    worker = null;
    for (const { reject } of waiting.values()) reject(new ServiceError(failed(message)));
    waiting.clear();
  });
  return made;
}

function failed(problem) {
  return (
    `The model cannot be run in this browser (${problem || "it does not load"}). Reload the ` +
    "page, or try another browser."
  );
}
