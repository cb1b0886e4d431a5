// Makes elements. Text is always text, never markup: file names and sentences come from elsewhere.

/**
 * Makes an element of HTML.
 *
 * @param {string} tag its name.
 * @param {Object} attributes by name. A function under onNAME listens to the event NAME; true is an
 *     attribute without a value; false, null and undefined are left out.
 * @param {...(Node|string|null|false)} children null and false are left out.
 */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Makes an element of SVG, like `element`. */
export function svgElement(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}
