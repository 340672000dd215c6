// The body of a function that gives what is wrong with a page, a sentence each.
const faults = [];
const all = (what) => [...document.querySelectorAll(what)];
const tell = (what, element) => faults.push(`${what}: ${element ? element.outerHTML.slice(0, 120) : ""}`);
const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

if (!document.documentElement.lang) tell("the page has no language");
if (!document.title) tell("the page has no title");
for (const what of ["header", "main", "footer", "nav[aria-label]", "h1"]) {
  if (all(what).length === 0 || (what !== "nav[aria-label]" && all(what).length > 1)) tell(`not one ${what}`);
}
const skip = document.querySelector("body > a");
if (!skip || !document.querySelector(skip.getAttribute("href"))) tell("the first link does not skip to the content");

const ids = all("[id]").map((each) => each.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) tell(`${id} is the id of two`);
let last = 0;
for (const heading of all("h1, h2, h3, h4")) {
  const level = Number(heading.tagName[1]);
  if (level > last + 1) tell("a heading leaves out a level", heading);
  last = level;
}
for (const each of all("[aria-labelledby]")) {
  if (!document.getElementById(each.getAttribute("aria-labelledby"))) tell("it is named by nothing", each);
}
for (const each of all("input:not([type=hidden]), select, textarea")) {
  if (each.labels.length === 0 && !each.getAttribute("aria-label")) tell("a field without a label", each);
}
for (const each of all("a, button, summary")) {
  if (!each.textContent.trim() && !each.getAttribute("aria-label")) tell("it has no name", each);
}
for (const each of all("svg")) if (each.getAttribute("aria-hidden") !== "true") tell("a drawing that is read out", each);
for (const each of all("table")) {
  if (!each.caption || !each.caption.textContent.trim()) tell("a table without a caption", each);
  if (!each.querySelector("thead th[scope=col]")) tell("a table without headed columns", each);
}
if (all("[tabindex]").some((each) => each.tabIndex > 0)) tell("the order of the focus is not that of the page");
for (const each of all("*")) {
  for (const name of each.getAttributeNames()) if (name.startsWith("on")) tell("a script in the page", each);
}

// Contrast (1.4.3): of text with what is behind it.
const channels = (colour) => {
  const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
  return { rgb: [red, green, blue], alpha };
};
const luminance = (rgb) => {
  const [red, green, blue] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const { rgb, alpha } = channels(getComputedStyle(each).backgroundColor);
    if (alpha === 1) return rgb;
  }
  return [255, 255, 255];
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !isShown(element)) continue;
  const style = getComputedStyle(element);
  const [one, other] = [luminance(channels(style.color).rgb), luminance(behind(element))].sort((a, b) => b - a);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const contrast = (one + 0.05) / (other + 0.05);
  if (contrast < (isLarge ? 3 : 4.5)) tell(`a contrast of ${contrast.toFixed(2)}`, element);
}

// The size of what is aimed at (2.5.8); links in a sentence are as high as it.
for (const each of all("button, input:not([type=hidden]):not([type=radio]), select, summary, nav a")) {
  if (!isShown(each)) continue;
  const box = each.getBoundingClientRect();
  if (box.width < 24 || box.height < 24) tell(`${box.width} by ${box.height} pixels to aim at`, each);
}

// Everything fits the width of the window (1.4.10); wide tables scroll by themselves.
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) {
  const wide = all("body *").filter((each) => each.getBoundingClientRect().right > width + 1 && !each.closest(".wide, .hidden, .skip"));
  tell(`${document.documentElement.scrollWidth} pixels in a window of ${width}`, wide[0]);
}

// What has the focus shows it (2.4.7).
for (const each of all("a[href], button, input:not([type=hidden]), select, summary")) {
  if (!isShown(each)) continue;
  each.focus({ focusVisible: true, preventScroll: true });
  const style = getComputedStyle(each);
  if (document.activeElement === each && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)) {
    tell("the focus does not show", each);
  }
}
return faults;
