// Keeps all files of the page, so that it works without a network after the first visit.

const FILES = []; // the export lists them here
const VERSION = ""; // and what identifies their content
const PREFIX = `resistor_cls ${registration.scope} `; // other pages of the host have their own
const CACHE = PREFIX + VERSION;
const INDEX = new URL("index.html", registration.scope).href; // another name of the page

// A new version waits until no tab shows the old one, so that no tab mixes them.
addEventListener("install", (event) => {
  event.waitUntil(store());
});

addEventListener("activate", (event) => {
  event.waitUntil(removeOthers().then(() => clients.claim()));
});

addEventListener("fetch", (event) => {
  if (event.request.method === "GET") event.respondWith(stored(event.request));
});

async function store() {
  const cache = await caches.open(CACHE);
  // The browser's own cache may hold files of another version.
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
}

async function removeOthers() {
  const names = await caches.keys();
  const others = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
}

async function stored(request) {
  const cache = await caches.open(CACHE);
  const address = request.url === INDEX ? registration.scope : request;
  return (await cache.match(address, { ignoreSearch: true })) ?? fetch(request);
}
