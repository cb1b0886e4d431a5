// Runs the model beside the page, so that the page stays responsive. Takes {id, task, ...} and
// sends {id, result}, or {id, sentence} for a photo that cannot be read, or {id, failure}.

import { Model } from "./model.js";
import { decodePhoto, PhotoError } from "./photo.js";

let model = null;
let queue = Promise.resolve();

const TASKS = {
  describe: async () => (await loaded()).describe(),
  predict: async ({ photo, every, top }) => {
    const reader = await loaded();
    const predictions = await reader.predict(await decodePhoto(photo), every, top);
    return predictions.map((one) => ({ ...one, photo: photo.name ?? null }));
  },
};

addEventListener("message", ({ data }) => {
  // One photo at a time: the runtime runs one, and memory holds few decoded photos.
  queue = queue.then(() => reply(data));
});

/** The model, loaded by the first task, and again where that failed. */
function loaded() {
  model ??= Model.load(new URL("../model/", import.meta.url)).catch((error) => {
    model = null;
    throw error;
  });
  return model;
}

async function reply({ id, task, ...values }) {
  try {
    postMessage({ id, result: await TASKS[task](values) });
  } catch (error) {
    if (error instanceof PhotoError) postMessage({ id, sentence: error.message });
    else postMessage({ id, failure: String(error?.message ?? error) });
  }
}
