// Where predictions come from: the HTTP service that serves this page. A page without a service
// replaces this file by one with the same functions.

const TOKEN = "resistor_cls.token"; // in sessionStorage: forgotten when the tab is closed

/** A request that failed; the message is a sentence for the person. */
export class ServiceError extends Error {}

let askForToken = async () => null;
let asking = null;

/**
 * Sets what asks a person for the token.
 *
 * @param {function(boolean): Promise<?string>} ask gets whether a token was refused; null where the
 *     person gives none.
 */
export function onTokenNeeded(ask) {
  askForToken = ask;
}

/** What the service says about its model: reads, categories, threshold, limits, review. */
export async function describeModel() {
  return (await request("model")).json();
}

/**
 * Predicts every body in a photo.
 *
 * @param {File} photo sent as it is.
 * @returns {Promise<Object[]>} predictions as docs/predict.md describes them, one for each body, or
 *     one that says that there is none.
 * @throws {ServiceError} with the sentence of the service.
 */
export async function predict(photo) {
  const form = new FormData();
  form.append("photos", photo, photo.name);
  const response = await request("predict?all=true&top=3", { method: "POST", body: form });
  const { predictions } = await response.json();
  if (!predictions?.length) throw new ServiceError("The service sent no prediction.");
  return predictions;
}

/**
 * Hands over a photo and its true value for review.
 *
 * @param {Blob} photo of one body.
 * @param {string} name of the photo.
 * @param {string} value as the person typed it.
 * @throws {ServiceError} with the sentence of the service, such as for a value that it cannot read.
 */
export async function correct(photo, name, value) {
  const form = new FormData();
  form.append("photo", photo, name);
  form.append("value", value);
  await request("corrections", { method: "POST", body: form });
}

async function request(address, options = {}) {
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    let response;
    try {
      response = await fetch(address, { ...options, headers });
    } catch {
      throw new ServiceError("The service cannot be reached. Check that it runs, then try again.");
    }
    if (response.ok) return response;
    if (response.status !== 401) throw new ServiceError(await sentence(response));
    await renewToken(token);
  }
}

/** Asks once for all requests that wait, unless another one has brought a new token meanwhile. */
async function renewToken(refused) {
  if (sessionStorage.getItem(TOKEN) !== refused) return;
  asking ??= askForToken(refused !== null).finally(() => {
    asking = null;
  });
  const token = await asking;
  if (!token) throw new ServiceError("The service needs a token. Try again to enter it.");
  sessionStorage.setItem(TOKEN, token);
}

async function sentence(response) {
  try {
    const { detail } = await response.json();
    if (typeof detail === "string") return detail;
  } catch {
    // No JSON: of a proxy, for example.
  }
  return `The service refused the request (status ${response.status}).`;
}
