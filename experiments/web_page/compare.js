// Predicts all photos by the page beside it, and posts what it finds.

import { describeModel, predict } from "./page/service.js";

async function timed(photo, every) {
  const begun = performance.now();
  const found = await predict(photo, { every });
  return { found, seconds: (performance.now() - begun) / 1000 };
}

async function main() {
  await describeModel(); // loads the model
  for (const name of await (await fetch("photos.json")).json()) {
    const photo = new File([await (await fetch(`photos/${name}`)).blob()], name);
    const [one, every] = [await timed(photo, false), await timed(photo, true)];
    await post({ one, every, browser: navigator.userAgent });
    document.title = name;
  }
}

function post(found) {
  return fetch("result", { method: "POST", body: JSON.stringify(found) });
}

main().catch((error) => post({ error: String(error) }));
