// The city's map: zones, cells and assets as SVG in Web Mercator; grey where all is normal, the priority's shape, number
// and colour where it is not. Moves by pointer, wheel and keys. Texts become text nodes.
import { h, markRaw } from "vue";

const SHAPES = { 1: "M1 1H17V17H1Z", 2: "M9 0.5L17.6 17H0.4Z", 3: "M9 0L18 9L9 18L0 9Z", 4: "M9 1A8 8 0 1 1 8.99 1Z" };
const SMALL = { traffic: "M-2.6 0H2.6", grid: "M-2.6-2.6H2.6V2.6H-2.6Z", water: "M0-3L3 2.2H-3Z", gas: "M0-3.2L3.2 0L0 3.2L-3.2 0Z", drainage: "M-3-2.2H3L0 3Z" };
const MANY = 700; // normal assets in sight that are drawn one by one at most
const WORLD = 256 * 2 ** 10; // pixels of the whole world at zoom 10: the coordinates of the drawing

const project = ([lon, lat]) => {
  const sin = Math.sin((lat * Math.PI) / 180);
  return [((lon + 180) / 360) * WORLD, (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * WORLD];
};

export default {
  props: { features: String, cells: String, words: Object, tiles: String, focus: Array },
  data: () => ({ view: { x: 0, y: 0, k: 1 }, size: { w: 800, h: 500 }, states: {}, hexes: {}, shapes: markRaw([]), drag: null }),
  created() {
    this.shapes = markRaw(JSON.parse(this.features).map((each) => ({ ...each, at: each.at.map(project) })));
    this.hexes = markRaw(this.placed(JSON.parse(this.cells)));
  },
  mounted() {
    this.observer = new ResizeObserver(() => {
      const box = this.$el.getBoundingClientRect();
      const first = this.size.w === 800 && this.size.h === 500;
      this.size = { w: box.width || 800, h: box.height || 500 };
      if (first) this.fit(false);
    });
    this.observer.observe(this.$el);
    this.fit(false);
  },
  unmounted() {
    this.observer?.disconnect();
  },
  computed: {
    box() {
      return `${this.view.x} ${this.view.y} ${this.size.w / this.view.k} ${this.size.h / this.view.k}`;
    },
  },
  methods: {
    placed(cells) {
      return Object.fromEntries(Object.entries(cells).map(([cell, about]) => [cell, { ...about, at: about.at.map(project) }]));
    },
    cells_changed(cells) {
      this.hexes = markRaw(this.placed(cells));
    },
    states_changed(changed) {
      const states = { ...this.states };
      for (const [name, state] of Object.entries(changed)) {
        if (state === null) delete states[name];
        else states[name] = state;
      }
      this.states = states;
    },
    // all of it, or the part where most of it is
    fit(whole) {
      const near = !whole && this.focus?.length ? this.shapes.filter((s) => this.focus.includes(s.id)) : this.shapes;
      const points = near.flatMap((s) => s.at);
      const xs = points.map((p) => p[0]).sort((a, b) => a - b);
      const ys = points.map((p) => p[1]).sort((a, b) => a - b);
      if (!xs.length) return;
      const cut = whole || near !== this.shapes ? 0 : Math.floor(xs.length * 0.08);
      const [x0, x1, y0, y1] = [xs[cut], xs[xs.length - 1 - cut], ys[cut], ys[ys.length - 1 - cut]];
      const room = near === this.shapes ? 1.14 : 1.8;
      const k = Math.min(this.size.w / (Math.max(x1 - x0, 1) * room), this.size.h / (Math.max(y1 - y0, 1) * room));
      this.look((x0 + x1) / 2, (y0 + y1) / 2, near === this.shapes ? k : Math.min(k, 24));
    },
    look(x, y, k) {
      k = Math.min(Math.max(k, 0.2), 400);
      this.view = { k, x: x - this.size.w / k / 2, y: y - this.size.h / k / 2 };
    },
    zoom(by, px = this.size.w / 2, py = this.size.h / 2) {
      const { x, y, k } = this.view;
      const next = Math.min(Math.max(k * by, 0.2), 400);
      this.view = { k: next, x: x + px / k - px / next, y: y + py / k - py / next };
    },
    move(dx, dy) {
      const { x, y, k } = this.view;
      this.view = { k, x: x + dx / k, y: y + dy / k };
    },
    wheel(e) {
      if (!e.ctrlKey && !this.active) return;
      e.preventDefault();
      const box = this.$el.getBoundingClientRect();
      this.zoom(Math.exp(-e.deltaY * 0.0015), e.clientX - box.left, e.clientY - box.top);
    },
    pressed(e) {
      if (e.button !== 0) return;
      this.active = true;
      this.drag = { x: e.clientX, y: e.clientY, moved: false, id: e.pointerId };
    },
    moved(e) {
      if (!this.drag) return;
      const [dx, dy] = [e.clientX - this.drag.x, e.clientY - this.drag.y];
      if (!this.drag.moved && Math.hypot(dx, dy) < 4) return;
      if (!this.drag.moved) this.$refs.svg.setPointerCapture(this.drag.id);
      this.move(-dx, -dy);
      this.drag = { ...this.drag, x: e.clientX, y: e.clientY, moved: true };
    },
    released() {
      const moved = this.drag?.moved;
      this.drag = null;
      if (moved) this.ignore = performance.now();
    },
    clicked(e) {
      // a drag is no click
      if (this.ignore && performance.now() - this.ignore < 100) e.preventDefault();
      else if (!e.target.closest("a")) {
        const found = this.nearest(e);
        if (found) window.location.href = this.address(found.id);
      }
    },
    key(e) {
      const step = 60;
      const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (ways[e.key]) this.move(...ways[e.key]);
      else if (e.key === "+" || e.key === "=") this.zoom(1.4);
      else if (e.key === "-") this.zoom(1 / 1.4);
      else if (e.key === "0") this.fit(true);
      else return;
      e.preventDefault();
    },
    // many low ones at a small scale: a small disc without its number, still of its shape
    mark(state, x, y, inv, size = 16) {
      const [priority, waits] = state;
      if (priority === 4 && this.view.k < 4) {
        return h("path", { d: "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z", class: `low mk p4${waits ? "" : " seen"}`, transform: `translate(${x} ${y}) scale(${inv})` });
      }
      const shape = SHAPES[priority] ? priority : 4;
      const scale = (inv * size) / 18;
      return h("g", { class: `mk p${shape}${waits ? "" : " seen"}`, transform: `translate(${x} ${y}) scale(${scale}) translate(-9 -9)` }, [
        h("path", { class: "s", d: SHAPES[shape], transform: "translate(9 9) scale(0.86) translate(-9 -9)" }),
        h("text", { x: 9, y: shape === 2 ? 15 : 13 }, String(priority)),
      ]);
    },
    address(id) {
      return `/asset?id=${encodeURIComponent(id)}`;
    },
    said(feature) {
      const state = this.states[feature.id];
      return state ? `${feature.name}: ${this.words[`p${state[0]}`] ?? ""}` : feature.name;
    },
    drawnCells() {
      const out = [];
      for (const [cell, about] of Object.entries(this.hexes)) {
        const state = this.states[cell];
        const d = `M${about.at.map(([x, y]) => `${x} ${y}`).join("L")}Z`;
        out.push(h("path", { key: cell, d, class: state ? `cell p${state[0]}` : "cell" }, [h("title", about.said)]));
      }
      return out;
    },
    // of what is normal only what is in sight; thousands in sight are drawn as one path, and found by a click near them
    inSight() {
      const { x, y, k } = this.view;
      const room = 40 / k;
      const [x1, y1] = [x + this.size.w / k + room, y + this.size.h / k + room];
      const seen = (p) => p[0] > x - room && p[0] < x1 && p[1] > y - room && p[1] < y1;
      return this.shapes.filter((each) => each.kind !== "zone" && each.at.some(seen));
    },
    together(features, inv) {
      const roads = [];
      const dots = [];
      const r = 1.6 * inv;
      for (const { at } of features)
        if (at.length > 1) roads.push(`M${at.map((p) => p.join(" ")).join("L")}`);
        else dots.push(`M${at[0][0] - r} ${at[0][1] - r}h${2 * r}v${2 * r}h${-2 * r}z`);
      return [h("path", { key: "roads", d: roads.join(""), class: "road" }), h("path", { key: "dots", d: dots.join(""), class: "dotted full" })];
    },
    nearest(e) {
      const box = this.$refs.svg.getBoundingClientRect();
      const [px, py] = [e.clientX - box.left, e.clientY - box.top];
      let [found, best] = [null, 12];
      for (const feature of this.inSight())
        for (const [x, y] of feature.at.length > 1 ? [[(feature.at[0][0] + feature.at[1][0]) / 2, (feature.at[0][1] + feature.at[1][1]) / 2]] : feature.at) {
          const far = Math.hypot((x - this.view.x) * this.view.k - px, (y - this.view.y) * this.view.k - py);
          if (far < best) [found, best] = [feature, far];
        }
      return found;
    },
    drawnAssets(inv) {
      const normal = [];
      const marked = [];
      const visible = this.inSight();
      const plain = visible.filter((each) => !this.states[each.id]);
      const many = plain.length > MANY;
      if (many) normal.push(...this.together(plain, inv));
      for (const feature of visible) {
        const state = this.states[feature.id];
        if (many && !state) continue;
        const [x, y] = feature.at[0];
        if (feature.at.length > 1) {
          const d = `M${feature.at.map((p) => p.join(" ")).join("L")}`;
          const road = h("a", { key: feature.id, href: this.address(feature.id), tabindex: state ? 0 : -1, class: "asset" }, [
            h("title", this.said(feature)),
            h("path", { d, class: state ? `road p${state[0]}` : "road" }),
            state ? this.mark(state, (x + feature.at[1][0]) / 2, (y + feature.at[1][1]) / 2, inv) : null,
          ]);
          (state ? marked : normal).push(road);
          continue;
        }
        const body = state
          ? this.mark(state, x, y, inv)
          : h("path", { d: SMALL[feature.domain] ?? SMALL.grid, class: "dotted", transform: `translate(${x} ${y}) scale(${inv})` });
        (state ? marked : normal).push(
          h("a", { key: feature.id, href: this.address(feature.id), tabindex: state ? 0 : -1, class: "asset" }, [h("title", this.said(feature)), body]),
        );
      }
      return [...normal, ...marked];
    },
    drawnZones(inv) {
      const out = [];
      const taken = []; // of labels: what would lie on another is left out until one zooms in
      for (const feature of this.shapes) {
        if (feature.kind !== "zone") continue;
        const state = this.states[feature.id];
        if (feature.level && !state) continue;
        const [x, y] = feature.at[0];
        const wide = [...feature.name].reduce((sum, sign) => sum + (sign > "\u2e80" ? 13 : 7.6), 0) * inv;
        const box = [x - wide / 2, y - 13 * inv, x + wide / 2, y + 3 * inv];
        const free = !taken.some((b) => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3]);
        if (!feature.level && free) taken.push(box);
        if (!free && !state) continue;
        out.push(
          h("a", { key: feature.id, href: this.address(feature.id), tabindex: state ? 0 : -1, class: "asset" }, [
            h("title", this.said(feature)),
            feature.level || !free ? null : h("text", { x, y, class: "zone", "font-size": 13 * inv, dx: state ? 12 * inv : 0, "text-anchor": state ? "start" : "middle" }, feature.name),
            state ? this.mark(state, x, y - 4.5 * inv, inv, 18) : null,
          ]),
        );
      }
      return out;
    },
    drawnTiles() {
      if (!this.tiles) return [];
      const z = Math.min(Math.max(Math.round(10 + Math.log2(this.view.k)), 1), 19);
      const edge = WORLD / 2 ** z;
      const out = [];
      const [x0, y0] = [Math.floor(this.view.x / edge), Math.floor(this.view.y / edge)];
      const [x1, y1] = [Math.floor((this.view.x + this.size.w / this.view.k) / edge), Math.floor((this.view.y + this.size.h / this.view.k) / edge)];
      for (let x = x0; x <= x1 && out.length < 200; x++)
        for (let y = y0; y <= y1; y++) {
          const href = this.tiles.replace("{z}", z).replace("{x}", x).replace("{y}", y).replace("{s}", "a");
          out.push(h("image", { key: `${z}/${x}/${y}`, href, x: x * edge, y: y * edge, width: edge, height: edge, class: "tile" }));
        }
      return out;
    },
    button(text, label, run) {
      return h("button", { type: "button", class: "b", "aria-label": label, title: label, onClick: run }, text);
    },
  },
  render() {
    const inv = 1 / this.view.k;
    return h("div", { class: "map", onKeydown: this.key, onPointerleave: () => (this.active = false) }, [
      h(
        "svg",
        {
          ref: "svg", viewBox: this.box, tabindex: 0, role: "group", "aria-label": this.words.map, style: `--inv:${inv}`,
          onWheel: this.wheel, onPointerdown: this.pressed, onPointermove: this.moved, onPointerup: this.released,
          onPointercancel: this.released, onClickCapture: this.clicked,
        },
        [h("g", this.drawnTiles()), h("g", this.drawnCells()), h("g", this.drawnAssets(inv)), h("g", this.drawnZones(inv))],
      ),
      h("div", { class: "map-buttons" }, [
        this.button("+", this.words.closer, () => this.zoom(1.5)),
        this.button("−", this.words.farther, () => this.zoom(1 / 1.5)),
        this.button("⤢", this.words.whole, () => this.fit(true)),
      ]),
    ]);
  },
};
