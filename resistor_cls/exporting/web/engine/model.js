// The exported model in the browser: detector, crop, network, decoding.

import * as ort from "../runtime/onnxruntime.js";
import { finder } from "./detections.js";
import { ValueReader } from "./reader.js";
import { Search } from "./search.js";
import { cropView, sampleView } from "./views.js";

ort.env.wasm.numThreads = 1; // several need headers of the host that few static hosts send

export class Model {
  /** Loads the files of a folder; see `resistor_cls.exporting.web`. */
  static async load(folder) {
    const [json, network, detector] = await Promise.all(
      ["model.json", "network.onnx", "detector.onnx"].map(async (name) => {
        const response = await fetch(new URL(name, folder));
        if (!response.ok) throw new Error(`${name}: status ${response.status}`);
        return name.endsWith(".json") ? response.json() : response.arrayBuffer();
      }),
    );
    const sessions = [];
    // One after the other: the runtime is set up by the first.
    for (const graph of [network, detector]) {
      sessions.push(await ort.InferenceSession.create(new Uint8Array(graph)));
    }
    return new Model(json, ...sessions);
  }

  constructor(values, network, detector) {
    values.constants = Object.fromEntries(
      Object.entries(values.constants).map(([name, constants]) => [name, complete(constants)]),
    );
    this.values = values;
    this.network = network;
    this.reader = new ValueReader(values);
    const scoreView = (pixels, size) => run(detector, pixels, [1, size, size, 3]);
    const find = finder(scoreView, values.constants.peaks);
    this.search = new Search(find, values.constants.search, values.detector.threshold);
  }

  /** What the page says about the model; see GET /model in docs/service.md. */
  describe() {
    const { name, version, threshold } = this.values;
    return {
      model: name, version, reads: "values", categories: null, threshold, limits: {},
      review: false, privacy: "photos stay in this browser",
    };
  }

  /**
   * Predicts the bodies of a decoded photo.
   *
   * @param {Object} photo {data, width, height}.
   * @param {boolean} every all bodies, or the best one alone.
   * @param {number} top number of candidates.
   * @returns {Promise<Object[]>} predictions; one that says so where there is no body.
   */
  async predict(photo, every, top) {
    const boxes = await (every ? this.search.all(photo) : this.search.best(photo));
    if (!boxes.length) return [this.reader.nothingFound()];
    const predictions = [];
    for (const [place, box] of boxes.entries()) {
      const body = this.cutOut(photo, box);
      const prediction = this.reader.predict(body, await this.scoresOf(body.crop), top);
      predictions.push({ ...prediction, body: every ? place + 1 : null });
    }
    return predictions;
  }

  cutOut(photo, box) {
    const { shape, margin } = this.values.network;
    const view = cropView(box, shape, margin);
    const [rows, columns] = shape;
    const scale = columns / view.span;
    const inCrop = { length: box.length * scale, width: box.width * scale };
    return { crop: sampleView(photo, view, rows, columns), box, inCrop };
  }

  /** The log-probabilities of the bands of a crop, and of the crop turned by 180 degrees. */
  async scoresOf({ data, width, height }) {
    const both = new Uint8Array(2 * data.length);
    both.set(data);
    for (let at = 0; at < data.length; at += 3) {
      both.set(data.subarray(data.length - at - 3, data.length - at), data.length + at);
    }
    const found = await run(this.network, both, [2, height, width, 3]);
    const [upright, turned] = [0, 1].map((view) => ({
      slots: rowsOf(found.slots, view, this.values.codes.bands.length),
      direction: rowsOf(found.direction, view, 2)[0],
      watts: rowsOf(found.watts, view, found.watts.length / 2)[0],
    }));
    return { ...upright, turned };
  }
}

async function run(session, pixels, shape) {
  const input = new ort.Tensor("uint8", pixels, shape);
  const found = await session.run({ [session.inputNames[0]]: input });
  return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, tensor.data]));
}

/** The rows of one of two views. */
function rowsOf(values, view, columns) {
  const size = values.length / 2;
  const rows = [];
  for (let at = view * size; at < (view + 1) * size; at += columns) {
    rows.push(Array.from(values.subarray(at, at + columns)));
  }
  return rows;
}

/** Constants of which none is missing: an absent one is an error instead of a wrong prediction. */
function complete(constants) {
  return new Proxy(constants, {
    get(target, name) {
      if (!(name in target)) throw new Error(`model.json has no constant ${String(name)}`);
      return target[name];
    },
  });
}
