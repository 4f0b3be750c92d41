const element = (id) => document.getElementById(id);
const data = JSON.parse(element("data").textContent);
const count = data.titles.length;
const [stage, tip, live, audio] = ["stage", "tip", "live", "audio"].map(element);
const plot = new Plot(stage, element("canvas"), count);
const heard = data.sources.filter(Boolean).length;
if (heard) plot.filled = Uint8Array.from(data.sources, Boolean);

let grouping; // one of data.groups, or undefined where nothing is known
let hidden = new Set(); // groups switched off in the legend
let hovered = -1, current = -1, playing = -1;

// ---- what a track is called ------------------------------------------------------------------

const isNumber = (name) => /^-?\d+$/.test(name);

function facts(i) {
  const known = data.groups.map(({ name, groups, of }) => `${name}: ${groups[of[i]].name}`);
  return [data.artists[i], ...known].filter(Boolean).join(" · ");
}

function lines(i) {
  const known = data.groups.map(({ name, groups, of }) => `${name}: ${groups[of[i]].name}`);
  const silent = heard && !data.sources[i] ? ["no excerpt on this page"] : [];
  return [data.artists[i], ...known, ...silent].filter(Boolean);
}

// Letters without accents; signs of other scripts, such as Bangla's vowels, are left as they are.
const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFKC").toLowerCase();
const searchable = data.titles.map((title, i) => plain([title, data.artists[i],
  ...data.groups.map(({ groups, of }) => groups[of[i]].name).filter((name) => !isNumber(name))].join(" ")));

function make(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function say(text) { live.textContent = text; }

// ---- the point that is looked at, and the one that plays --------------------------------------

function put(ring, i) {
  const there = i >= 0 && plot.has(i);
  ring.hidden = !there;
  if (there) {
    const [x, y] = plot.at(i);
    ring.style.transform = `translate(${x}px, ${y}px)`;
  }
  return there;
}

function showTip(i) {
  tip.hidden = i < 0 || !plot.has(i);
  if (tip.hidden) { tip.dataset.track = ""; return; }
  if (tip.dataset.track !== String(i)) {
    tip.dataset.track = i;
    const title = make("b", "", data.titles[i]);
    title.dir = "auto";
    tip.replaceChildren(title, ...lines(i).map((line) => make("span", "", line)));
  }
  const [x, y] = plot.at(i);
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = Math.max(4, Math.min(plot.width - width - 4, x - width / 2));
  const above = y - height - 16;
  tip.style.transform = `translate(${left}px, ${above > 4 ? above : Math.min(y + 16, plot.height - height - 4)}px)`;
}

plot.onDraw = () => {
  put(element("current"), current === playing ? -1 : current);
  put(element("playing"), playing);
  showTip(hovered >= 0 ? hovered : current);
};

function focusOn(i) {
  current = i;
  hovered = -1;
  plot.reveal(i);
  plot.draw();
  say([data.titles[i], ...lines(i), i === playing ? "playing" : ""].filter(Boolean).join(", "));
  describe();
}

function describe() {
  const i = playing >= 0 ? playing : current;
  const button = element("play");
  button.disabled = i < 0 || !data.sources[i];
  button.classList.toggle("stop", playing >= 0);
  button.setAttribute("aria-label", playing >= 0 ? "Stop" : "Play");
  element("title").textContent = i < 0 ? "" : data.titles[i];
  element("about").textContent = i >= 0 ? facts(i)
    : heard ? "Choose a point to hear it." : "There is no audio to hear; the map can be looked at and searched.";
}

function play(i) {
  if (!data.sources[i]) {
    stop();
    if (heard) say(`No excerpt of ${data.titles[i]} on this page`);
    return;
  }
  audio.src = data.sources[i];
  playing = i;
  audio.play().then(() => say(`Playing ${data.titles[i]}`), (error) => {
    if (error.name === "AbortError") return; // another one was chosen meanwhile
    stop();
    element("about").textContent = "This excerpt cannot be played: is the folder audio beside the page?";
    say(element("about").textContent);
  });
  describe();
  plot.draw();
  follow();
}

function stop() {
  if (playing >= 0 && !audio.ended) say("Stopped");
  audio.pause();
  playing = -1;
  element("progress").style.transform = "scaleX(0)";
  describe();
  plot.draw();
}

function follow() {
  if (playing < 0) return;
  element("progress").style.transform = `scaleX(${audio.currentTime / (audio.duration || data.seconds)})`;
  requestAnimationFrame(follow);
}

function choose(i) {
  const again = i === playing;
  focusOn(i);
  if (again) stop(); else play(i);
}

audio.addEventListener("ended", stop);
element("play").addEventListener("click", () => (playing >= 0 ? stop() : play(current)));

// ---- pointer: hover names, a click plays, dragging and pinching move ---------------------------

const pointers = new Map();
let dragged = false;

const within = (event) => {
  const box = stage.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
const reach = (event) => (event.pointerType === "touch" ? 26 : 14);

stage.addEventListener("pointerdown", (event) => {
  if (event.button || event.target.closest(".zoom")) return;
  plot.halt();
  pointers.set(event.pointerId, within(event));
  if (pointers.size === 1) dragged = false;
});

stage.addEventListener("pointermove", (event) => {
  const place = within(event);
  const before = pointers.get(event.pointerId);
  if (!before) {
    if (event.pointerType === "touch" || event.target.closest(".zoom")) return;
    hovered = plot.nearest(...place, reach(event));
    stage.classList.toggle("over", hovered >= 0);
    showTip(hovered >= 0 ? hovered : current);
    return;
  }
  if (pointers.size === 1) {
    const [dx, dy] = [place[0] - before[0], place[1] - before[1]];
    if (!dragged && Math.hypot(dx, dy) < 5) return;
    if (!dragged) stage.setPointerCapture(event.pointerId);
    dragged = true;
    stage.classList.add("dragged");
    plot.view(plot.zoom, plot.left + dx, plot.top + dy);
  } else {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const apart = (a) => Math.max(10, Math.hypot(a[0] - other[0], a[1] - other[1]));
    dragged = true;
    plot.zoomBy(apart(place) / apart(before), (place[0] + other[0]) / 2, (place[1] + other[1]) / 2);
    plot.view(plot.zoom, plot.left + (place[0] - before[0]) / 2, plot.top + (place[1] - before[1]) / 2);
  }
  pointers.set(event.pointerId, place);
});

function release(event) {
  if (!pointers.delete(event.pointerId)) return;
  stage.classList.remove("dragged");
  if (event.type !== "pointerup" || dragged) return;
  const i = plot.nearest(...within(event), reach(event));
  if (i >= 0) choose(i);
}
stage.addEventListener("pointerup", release);
stage.addEventListener("pointercancel", release);
stage.addEventListener("pointerleave", () => {
  hovered = -1;
  showTip(current);
});

const embedded = window !== window.top;
document.documentElement.classList.toggle("embedded", embedded);
element("scroll").textContent = embedded ? " (with Ctrl, or once the map has the focus)" : "";
stage.addEventListener("wheel", (event) => {
  // In a page, a reader who scrolls past means the page.
  const meant = !embedded || event.ctrlKey || event.metaKey || document.activeElement === stage;
  if (!meant || (plot.zoom === 1 && event.deltaY > 0)) return;
  event.preventDefault();
  plot.halt();
  const unit = event.deltaMode === 1 ? 16 : 1; // lines or pixels
  plot.zoomBy(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * unit)) / 400), ...within(event));
}, { passive: false });

const zoomIn = () => plot.zoomBy(1.6, undefined, undefined, true);
const zoomOut = () => plot.zoomBy(1 / 1.6, undefined, undefined, true);
const whole = () => plot.glide(1, 0, 0);
element("in").addEventListener("click", zoomIn);
element("out").addEventListener("click", zoomOut);
element("whole").addEventListener("click", whole);

// ---- keyboard ----------------------------------------------------------------------------------

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = {
  Enter: () => current >= 0 && choose(current), " ": () => current >= 0 && choose(current),
  "+": zoomIn, "=": zoomIn, "-": zoomOut, 0: whole,
};

const usable = (i) => i >= 0 && plot.has(i) && (!plot.lit || plot.lit[i]);
const middle = () => plot.nearest(plot.width / 2, plot.height / 2, Infinity);

stage.addEventListener("keydown", (event) => {
  if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = ARROWS[event.key];
  if (!arrow && !KEYS[event.key]) return;
  event.preventDefault();
  if (!arrow) { KEYS[event.key](); return; }
  const next = usable(current) ? plot.toward(current, ...arrow) : middle();
  if (next >= 0) focusOn(next);
});

stage.addEventListener("focus", () => {
  if (stage.matches(":focus-visible") && !usable(current) && middle() >= 0) focusOn(middle());
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
  const writes = event.target.closest?.("input, select, textarea");
  if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    element("search").focus();
  }
});

// ---- search ------------------------------------------------------------------------------------

const MOST_LISTED = 50;
let searched = "";

function search() {
  const query = plain(element("search").value.trim());
  if (query === searched) return;
  searched = query;
  const words = query.split(/\s+/).filter(Boolean);
  const found = !words.length ? []
    : searchable.flatMap((text, i) => (words.every((word) => text.includes(word)) ? [i] : []));
  element("results").hidden = !words.length;
  plot.lit = null;
  if (!words.length) {
    whole();
  } else {
    if (found.length) {
      plot.lit = new Uint8Array(count);
      found.forEach((i) => { plot.lit[i] = 1; });
      plot.centre(found, 5);
    }
    const more = found.length > MOST_LISTED ? `, the first ${MOST_LISTED} of them here` : "";
    element("found").textContent = found.length ? `${found.length} found${more}` : "Nothing found";
  }
  element("list").replaceChildren(...found.slice(0, MOST_LISTED).map((i) => {
    const [item, button] = [document.createElement("li"), document.createElement("button")];
    button.type = "button";
    button.append(make("span", "name", data.titles[i]), make("span", "more", facts(i)));
    button.firstChild.dir = "auto";
    button.addEventListener("click", () => choose(i));
    item.append(button);
    return item;
  }));
  plot.draw();
}

let waiting;
element("search").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, 120);
});
element("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    search();
    const first = element("list").querySelector("button");
    if (first) { first.click(); stage.focus(); }
  } else if (event.key === "Escape") {
    element("search").value = "";
    search();
  }
});

// ---- legend ------------------------------------------------------------------------------------

function filter() {
  for (let i = 0; i < count; i++) plot.shown[i] = grouping && hidden.has(grouping.of[i]) ? 0 : 1;
  if (playing >= 0 && !plot.shown[playing]) stop();
  if (current >= 0 && !plot.shown[current]) current = -1;
  hovered = -1;
  element("groups").querySelectorAll("button").forEach((button, group) => {
    button.setAttribute("aria-pressed", String(!hidden.has(group)));
  });
  element("all").hidden = !hidden.size;
  plot.draw();
}

function isolate(group) {
  hidden = new Set(grouping.groups.keys());
  hidden.delete(group);
  filter();
}

function icon({ colour, marker }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ viewBox: "-1.5 -1.5 3 3", width: 15, height: 15, "aria-hidden": true })) svg.setAttribute(name, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shapeOf(marker));
  path.setAttribute("fill", colour);
  svg.append(path);
  return svg;
}

function legend() {
  element("legend").hidden = !grouping;
  if (!grouping) return;
  const sizes = grouping.groups.map(() => 0);
  for (const group of grouping.of) sizes[group] += 1;
  element("legend-name").textContent = grouping.name;
  element("groups").replaceChildren(...grouping.groups.map((style, group) => {
    const [item, button] = [document.createElement("li"), document.createElement("button")];
    button.type = "button";
    button.append(icon(style), make("span", "name", style.name), make("span", "count", sizes[group]));
    button.addEventListener("click", (event) => {
      if (event.shiftKey) { isolate(group); return; }
      if (!hidden.delete(group)) hidden.add(group);
      filter();
    });
    button.addEventListener("dblclick", () => isolate(group));
    item.append(button);
    return item;
  }));
}

function colourBy(name) {
  grouping = data.groups.find((each) => each.name === name);
  hidden = new Set();
  legend();
  plot.recolour(grouping ? grouping.groups : [{ colour: "#0173b2", marker: "o" }],
    grouping ? grouping.of : new Uint16Array(count));
  filter();
}
element("all").addEventListener("click", () => { hidden = new Set(); filter(); });

// ---- which map, in which colours ---------------------------------------------------------------

function offer(select, names, choice) {
  select.replaceChildren(...names.map((name) => new Option(name)));
  select.addEventListener("change", () => choice(select.value));
  if (names.length) choice(names[0]);
}

function note(name) {
  const { points } = data.maps.find((map) => map.name === name);
  const missing = points.filter((value) => value === null).length / 2;
  const sound = !heard ? "without audio"
    : heard < count ? `${heard} of them (filled) with an excerpt of ${data.seconds} s`
      : `each with an excerpt of ${data.seconds} s`;
  element("note").textContent = `${count} tracks, ${sound}.`
    + (missing ? ` ${missing} have no place on this map.` : "")
    + " Neighbours on the map are neighbours in the space; distances between groups mean little.";
}

// Where a page that holds this one is dark, so is this one; a page from a file must tell us.
function theme() {
  const { body, documentElement } = parent.document;
  const lab = body.dataset.jpThemeLight;
  const name = lab ? (lab === "true" ? "light" : "dark") : documentElement.dataset.theme;
  dress(name);
}
function dress(name) {
  if (!["light", "dark"].includes(name)) return;
  document.documentElement.dataset.theme = name;
  plot.sprites.clear();
  plot.draw();
}
if (embedded) {
  addEventListener("message", ({ source, data: message }) => source === parent && dress(message?.theme));
  try {
    theme();
    const watch = new MutationObserver(theme);
    for (const root of [parent.document.documentElement, parent.document.body]) watch.observe(root, { attributes: true });
  } catch { /* another origin: it may send a message */ }
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { plot.sprites.clear(); plot.draw(); });

element("colour-field").hidden = data.groups.length < 2;
offer(element("colour"), data.groups.map(({ name }) => name), colourBy);
if (!data.groups.length) colourBy();
offer(element("space"), data.maps.map(({ name }) => name), (name) => {
  plot.place(data.maps.find((map) => map.name === name).points);
  note(name);
});
describe();
