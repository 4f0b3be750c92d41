"use strict";

// Marker shapes by matplotlib's names, about as large as the unit circle.
const SHAPES = {
  o: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z",
  ".": "M.6 0A.6.6 0 1 1-.6 0A.6.6 0 1 1 .6 0Z",
  s: "M-.87-.87H.87V.87H-.87Z",
  D: "M0-1.2 1.2 0 0 1.2-1.2 0Z",
  "^": "M0-1.15 1.1.8H-1.1Z",
  v: "M0 1.15 1.1-.8H-1.1Z",
  "<": "M-1.15 0 .8-1.1V1.1Z",
  ">": "M1.15 0-.8-1.1V1.1Z",
  P: "M-.42-1.15H.42V-.42H1.15V.42H.42V1.15H-.42V.42H-1.15V-.42H-.42Z",
  X: "M-.51-1.11 0-.6.51-1.11 1.11-.51.6 0 1.11.51.51 1.11 0 .6-.51 1.11-1.11.51-.6 0-1.11-.51Z",
  "*": "M0-1.3.33-.45 1.24-.4.53.17.76 1.05 0 .55-.76 1.05-.53.17-1.24-.4-.33-.45Z",
};
const shapeOf = (marker) => SHAPES[marker] || SHAPES.o;

const still = matchMedia("(prefers-reduced-motion: reduce)");

// Call step with 0...1 over some time, or at once where motion is not wanted; returns how to stop.
function animate(milliseconds, step) {
  if (still.matches) { step(1); return () => {}; }
  const start = performance.now();
  let frame = requestAnimationFrame(function next(now) {
    const t = Math.min(1, Math.max(0, (now - start) / milliseconds));
    step(t < 1 ? 1 - (1 - t) ** 3 : 1);
    if (t < 1) frame = requestAnimationFrame(next);
  });
  return () => cancelAnimationFrame(frame);
}

// Points on a canvas that can be zoomed, moved and asked what is where. It knows no tracks.
class Plot {
  static FARTHEST = 40;
  static MARGIN = 22; // pixels

  constructor(stage, canvas, count) {
    Object.assign(this, { stage, canvas, count });
    this.context = canvas.getContext("2d");
    this.x = new Float32Array(count).fill(NaN); // on the map, NaN: not on it
    this.y = new Float32Array(count).fill(NaN);
    this.shown = new Uint8Array(count).fill(1);
    this.filled = new Uint8Array(count).fill(1); // others are drawn as outlines
    this.lit = null; // when set, all others are dimmed
    this.styles = []; // {colour, marker} by group
    this.of = new Uint16Array(count);
    this.zoom = 1; this.left = 0; this.top = 0;
    this.onDraw = () => {};
    this.stop = this.halt = () => {};
    this.sprites = new Map();
    // A fixed shuffle: no group lies on top of another because of its name.
    this.order = Array.from({ length: count }, (_, i) => i)
      .sort((a, b) => (Math.imul(a + 1, 2654435761) >>> 0) - (Math.imul(b + 1, 2654435761) >>> 0));
    new ResizeObserver(() => this.resize()).observe(stage);
    this.resize();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const share = this.width ? [width / this.width, height / this.height] : [1, 1];
    Object.assign(this, { width, height, density: devicePixelRatio || 1 });
    this.canvas.width = Math.round(width * this.density);
    this.canvas.height = Math.round(height * this.density);
    this.sprites.clear();
    this.view(this.zoom, this.left * share[0], this.top * share[1]);
  }

  // Take a map's points, x and y in turn, and let the tracks walk there.
  place(points) {
    this.stop();
    const [fromX, fromY] = [this.x, this.y];
    const toX = Float32Array.from({ length: this.count }, (_, i) => points[2 * i] ?? NaN);
    const toY = Float32Array.from({ length: this.count }, (_, i) => points[2 * i + 1] ?? NaN);
    const box = this.box(toX, toY);
    const old = this.bounds || box;
    const walk = (t) => {
      const mix = (a, b) => (Number.isNaN(a) || t === 1 ? b : a + (b - a) * t);
      this.x = toX.map((to, i) => mix(fromX[i], to));
      this.y = toY.map((to, i) => mix(fromY[i], to));
      this.bounds = box.map((to, i) => mix(old[i], to));
      this.draw();
    };
    this.stop = animate(this.bounds ? 650 : 0, walk);
  }

  box(x, y) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < this.count; i++) {
      if (Number.isNaN(x[i])) continue;
      left = Math.min(left, x[i]); right = Math.max(right, x[i]);
      top = Math.min(top, y[i]); bottom = Math.max(bottom, y[i]);
    }
    return left <= right ? [left, top, right, bottom] : [0, 0, 1, 1];
  }

  // Where the map lies in an unzoomed view: one scale for both axes.
  frame() {
    const [left, top, right, bottom] = this.bounds || [0, 0, 1, 1];
    const [width, height] = [this.width - 2 * Plot.MARGIN, this.height - 2 * Plot.MARGIN];
    const scale = Math.max(1e-6, Math.min(width / Math.max(right - left, 1), height / Math.max(bottom - top, 1)));
    return [scale, this.width / 2 - scale * (left + right) / 2, this.height / 2 - scale * (top + bottom) / 2];
  }

  at(i) {
    const [scale, left, top] = this.frame();
    return [(this.x[i] * scale + left) * this.zoom + this.left, (this.y[i] * scale + top) * this.zoom + this.top];
  }

  has(i) { return this.shown[i] && !Number.isNaN(this.x[i]); }

  view(zoom, left, top) {
    this.zoom = Math.min(Plot.FARTHEST, Math.max(1, zoom));
    this.left = Math.min(0, Math.max(this.width * (1 - this.zoom), left));
    this.top = Math.min(0, Math.max(this.height * (1 - this.zoom), top));
    this.stage.classList.toggle("zoomed", this.zoom > 1);
    this.draw();
  }

  glide(zoom, left, top) {
    this.halt();
    const from = [this.zoom, this.left, this.top];
    const to = [zoom, left, top];
    this.halt = animate(350, (t) => this.view(...from.map((a, i) => a + (to[i] - a) * t)));
  }

  // Zoom so that what lies at a place stays there.
  zoomBy(factor, x = this.width / 2, y = this.height / 2, smooth = false) {
    const zoom = Math.min(Plot.FARTHEST, Math.max(1, this.zoom * factor));
    const ratio = zoom / this.zoom;
    this[smooth ? "glide" : "view"](zoom, x - (x - this.left) * ratio, y - (y - this.top) * ratio);
  }

  // Bring points into the middle of the view, no closer than `closest`.
  centre(places, closest) {
    const points = places.filter((i) => this.has(i)).map((i) => this.at(i));
    if (!points.length) return;
    const plain = points.map(([x, y]) => [(x - this.left) / this.zoom, (y - this.top) / this.zoom]);
    const [xs, ys] = [0, 1].map((k) => plain.map((p) => p[k]));
    const [left, right] = [xs, ys].map((v) => v.reduce((a, b) => Math.min(a, b)));
    const [wide, high] = [xs, ys].map((v) => v.reduce((a, b) => Math.max(a, b)));
    const zoom = Math.max(1, Math.min(closest,
      0.8 * this.width / Math.max(wide - left, 1), 0.8 * this.height / Math.max(high - right, 1)));
    this.glide(zoom, this.width / 2 - zoom * (left + wide) / 2, this.height / 2 - zoom * (right + high) / 2);
  }

  // Move just enough that a point is in view.
  reveal(i) {
    const [x, y] = this.at(i);
    const inside = (v, size) => v > 12 && v < size - 12;
    if (!inside(x, this.width) || !inside(y, this.height)) {
      this.view(this.zoom, this.left + this.width / 2 - x, this.top + this.height / 2 - y);
    }
  }

  nearest(x, y, reach) {
    let [best, least] = [-1, reach * reach];
    for (let i = 0; i < this.count; i++) {
      if (!this.has(i) || (this.lit && !this.lit[i])) continue;
      const [px, py] = this.at(i);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  // The nearest point in a direction: within 45 degrees of it, else in its half plane.
  toward(from, dx, dy) {
    const [x, y] = this.at(from);
    let best = [-1, -1], least = [Infinity, Infinity];
    for (let i = 0; i < this.count; i++) {
      if (i === from || !this.has(i) || (this.lit && !this.lit[i])) continue;
      const [px, py] = this.at(i);
      const along = (px - x) * dx + (py - y) * dy;
      const across = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
      if (along <= 0) continue;
      const k = across <= along ? 0 : 1;
      const distance = along * along + across * across;
      if (distance < least[k]) { best[k] = i; least[k] = distance; }
    }
    return best[0] >= 0 ? best[0] : best[1];
  }

  // As small as the points are many, growing a little on zooming in; in half pixels.
  radius() {
    const plain = Math.min(6.5, Math.max(2.2, 0.26 * Math.sqrt(this.width * this.height / this.count)));
    return Math.round(2 * Math.min(9, plain * this.zoom ** 0.3)) / 2;
  }

  sprite(group, filled, radius, outline) {
    const key = `${group} ${filled} ${radius}`;
    let picture = this.sprites.get(key);
    if (!picture) {
      const { colour, marker } = this.styles[group];
      picture = document.createElement("canvas");
      picture.width = picture.height = Math.ceil((2.7 * radius + 3) * this.density);
      const context = picture.getContext("2d");
      context.translate(picture.width / 2, picture.height / 2);
      context.scale(radius * this.density, radius * this.density);
      const path = new Path2D(shapeOf(marker));
      context.fillStyle = colour;
      context.globalAlpha = filled ? 1 : 0.15;
      context.fill(path);
      context.globalAlpha = 1;
      context.lineWidth = (filled ? 0.8 : 1.3) / radius;
      context.strokeStyle = filled ? outline : colour;
      context.stroke(path);
      this.sprites.set(key, picture);
    }
    return picture;
  }

  recolour(styles, of) {
    Object.assign(this, { styles, of });
    this.sprites.clear();
    this.draw();
  }

  // Many calls, one picture a frame.
  draw() {
    this.pending ??= requestAnimationFrame(() => { this.pending = undefined; this.paint(); });
  }

  paint() {
    const { context, density } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const [scale, left, top] = this.frame();
    const radius = this.radius();
    const outline = getComputedStyle(this.stage).getPropertyValue("--outline");
    for (const dimmed of this.lit ? [true, false] : [false]) {
      context.globalAlpha = dimmed ? 0.13 : 0.9;
      for (const i of this.order) {
        if (!this.has(i) || (this.lit && this.lit[i] === Number(dimmed))) continue;
        const x = (this.x[i] * scale + left) * this.zoom + this.left;
        const y = (this.y[i] * scale + top) * this.zoom + this.top;
        if (x < -20 || y < -20 || x > this.width + 20 || y > this.height + 20) continue;
        const picture = this.sprite(this.of[i], this.filled[i], radius, outline);
        // whole pixels: a picture between them is computed anew, several times as slowly
        context.drawImage(picture, Math.round(x * density - picture.width / 2),
          Math.round(y * density - picture.height / 2));
      }
    }
    this.onDraw();
  }
}
