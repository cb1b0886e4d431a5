// The exported model in the browser: detector, crop, network, decoding.

import * as ort from "../runtime/onnxruntime.js";
import { CategoryReader } from "./categories.js";
import { finder } from "./detections.js";
import { ValueReader } from "./reader.js";
import { Search } from "./search.js";
import { cropView, sampleView } from "./views.js";

ort.env.wasm.numThreads = 1; // several need headers of the host that few static hosts send

export class Model {
  /** Loads the files of a folder; see `resistor_cls.exporting.web`. */
  static async load(folder) {
    const bytes = async (name) => (await fetched(folder, name)).arrayBuffer();
    const [values, network, detector] = await Promise.all([
      fetched(folder, "model.json").then((response) => response.json()),
      bytes("network.onnx"),
      bytes("detector.onnx"),
    ]);
    const references = values.categories?.familiarity ? await bytes("references.bin") : null;
    const sessions = [];
    // One after the other: the runtime is set up by the first.
    for (const graph of [network, detector]) {
      sessions.push(await ort.InferenceSession.create(new Uint8Array(graph)));
    }
    return new Model(values, references && new Float32Array(references), ...sessions);
  }

  constructor(values, references, network, detector) {
    values.constants = Object.fromEntries(
      Object.entries(values.constants).map(([name, constants]) => [name, complete(constants)]),
    );
    this.values = values;
    this.network = network;
    this.reader = values.values ? new ValueReader(values) : new CategoryReader(values, references);
    const scoreView = (pixels, size) => run(detector, pixels, [1, size, size, 3]);
    const find = finder(scoreView, values.constants.peaks);
    this.search = new Search(find, values.constants.search, values.detector.threshold);
  }

  /** What the page says about the model; see GET /model in docs/service.md. */
  describe() {
    const { name, version, reads, values, categories } = this.values;
    return {
      model: name, version, reads, threshold: values?.threshold ?? null,
      categories: categories ? categories.list.map(({ category }) => category) : null,
      limits: {}, review: false, privacy: "photos stay in this browser",
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
      const prediction = this.reader.predict(body, await this.outputsFor(body.crop), top);
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

  /** The outputs of the network for each view of a crop. */
  async outputsFor({ data, width, height }) {
    const { views } = this.reader;
    const batch = new Uint8Array(views * data.length);
    for (let view = 0; view < views; view += 1) {
      const to = batch.subarray(view * data.length, (view + 1) * data.length);
      putView(data, to, height, width, view, this.values.constants.views.FLIPPED);
    }
    const found = await run(this.network, batch, [views, height, width, 3]);
    return Array.from({ length: views }, (_, view) =>
      Object.fromEntries(Object.entries(found).map(([name, values]) => {
        const size = values.length / views;
        return [name, values.subarray(view * size, (view + 1) * size)];
      })));
  }
}

/** A view of a crop, as in resistor_cls/model/tta.py: mirrored, and from the fifth transposed. */
function putView(from, to, height, width, view, flipped) {
  const axes = flipped[view % flipped.length];
  const isTransposed = view >= flipped.length; // of square crops
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const [y, x] = isTransposed ? [column, row] : [row, column];
      const fromRow = axes.includes(0) ? height - 1 - y : y;
      const fromColumn = axes.includes(1) ? width - 1 - x : x;
      const at = 3 * (fromRow * width + fromColumn);
      to.set(from.subarray(at, at + 3), 3 * (row * width + column));
    }
  }
}

async function fetched(folder, name) {
  const response = await fetch(new URL(name, folder));
  if (!response.ok) throw new Error(`${name}: status ${response.status}`);
  return response;
}

async function run(session, pixels, shape) {
  const input = new ort.Tensor("uint8", pixels, shape);
  const found = await session.run({ [session.inputNames[0]]: input });
  return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, tensor.data]));
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
